"""Measures the ledger writer on this machine's Postgres."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from argparse import ArgumentParser
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from psycopg.conninfo import make_conninfo

from billing import selectors
from billing.ledger import LedgerWriter
from kernel import clock
from kernel.contracts import UsageEvent
from kernel.ids import uuid7

# The entries stay in the ledger, which only grows: they are test mode and belong to no real organization.
BENCH_ORG = -1


class Command(BaseCommand):
    help = "Commits events through the group-commit writer: events/s, p50, p99; the last line is JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--events", type=int, default=20_000)
        parser.add_argument("--in-flight", type=int, default=64)

    def handle(self, *args: Any, **options: Any) -> None:
        before = self._stored()
        result = asyncio.run(measure(self._dsn(), options["events"], options["in_flight"]))
        if self._stored() - before != options["events"]:
            raise CommandError("acknowledged and stored events differ")
        result["rollup_differences"] = len(selectors.rollup_differences())
        self.stdout.write(f"{result['events_per_s']} events/s at {result['in_flight']} in flight, "
                          f"p50 {result['p50_us']} us, p99 {result['p99_us']} us, batches to {result['largest_batch']}")
        self.stdout.write(json.dumps(result))

    def _dsn(self) -> str:
        found = connection.settings_dict
        parts = {"dbname": found["NAME"], "user": found["USER"], "password": found["PASSWORD"],
                 "host": found["HOST"], "port": found["PORT"]}
        return make_conninfo(**{name: value for name, value in parts.items() if value})

    def _stored(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM billing_usage_event WHERE org_id = %s", [BENCH_ORG])
            return int(cursor.fetchone()[0])


async def measure(dsn: str, events: int, in_flight: int) -> dict[str, int]:
    """Commits `events` by `in_flight` callers that each wait for their answer; whole microseconds."""
    writer, digest, took = LedgerWriter(dsn), hashlib.sha256(b"bench").digest(), list[int]()
    await writer.start()
    await writer.commit(_event(0, digest))  # connects and prepares
    numbers = iter(range(1, events))

    async def caller() -> None:
        for number in numbers:
            begun = time.perf_counter_ns()
            await writer.commit(_event(number, digest))
            took.append(time.perf_counter_ns() - begun)

    begun = time.perf_counter_ns()
    await asyncio.gather(*(caller() for _ in range(in_flight)))
    whole = time.perf_counter_ns() - begun
    await writer.stop()
    took.sort()
    return {"events": events, "in_flight": in_flight, "events_per_s": len(took) * 10**9 // whole,
            "p50_us": took[len(took) // 2] // 1000, "p99_us": took[len(took) * 99 // 100] // 1000,
            "batches": writer.figures.batches, "largest_batch": writer.figures.largest_batch}


def _event(number: int, digest: bytes) -> UsageEvent:
    return UsageEvent(uuid7(), BENCH_ORG, number % 20, f"bench-{number % 10}", 1, "call", 1, 1, Decimal("0.15"), "USD",
                      "test", clock.now(), digest, 12)
