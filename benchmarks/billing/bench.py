"""`python -m benchmarks.billing.bench`: what metering costs, on a Postgres and a Redis of its own.

ledger: events/s through the group commit with hourly sums, 64 callers that each wait. add-on: 2,000 calls/s on a fixed
timetable, each call's time counted from when it was due. meter: one reservation and its settling. page: usage of an
account with 3 million entries, server time. Prints a table; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import hashlib
import json
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import psycopg
import uvloop
from psycopg import sql

from benchmarks.billing.services import own_services
from billing.ledger import LedgerWriter
from billing.meter import RedisMeter
from config.env import ROOT
from kernel import clock
from kernel.contracts import Grant, Limit, UsageEvent
from kernel.ids import uuid7

DIGEST = hashlib.sha256(b"bench").digest()
ORG = 1_000_001  # of the measurements that need no organization
PAGE_EVENTS = 3_000_000
BARS = {"ledger_events_s": 10_000, "addon_p50_ms": 3, "addon_p99_ms": 10, "usage_page_ms": 200}  # first: at least


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--seconds", type=int, default=8, help="of the timetable")
    parser.add_argument("--page-events", type=int, default=PAGE_EVENTS)
    given = parser.parse_args()
    with own_services("billing-bench") as (dsn, store):
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, check=True)
        gc.collect()
        gc.freeze()  # as the gateway does
        figures: dict[str, float] = {"cpus": os.cpu_count() or 1}
        figures |= uvloop.run(ledger(dsn, given.events))
        figures |= uvloop.run(meter(store.url))
        figures |= uvloop.run(timetable(dsn, store.url, given.seconds))
        figures |= page(dsn, given.page_events)
    for name, value in figures.items():
        bar = BARS.get(name)
        print(f"  {name:<28}{value:>12,.6g}" + (f"   (bar {bar:,})" if bar else ""))
    print(json.dumps(figures))
    return 0


async def ledger(dsn: str, events: int, in_flight: int = 64) -> dict[str, float]:
    """Closed loop: every caller waits for its commit before the next."""
    writer = LedgerWriter(dsn)
    await writer.start()
    await writer.commit(event(0))  # connects and prepares
    took, wall, cpu = await closed_loop(lambda number: writer.commit(event(number)), events, in_flight)
    batches = writer.figures.batches
    await writer.stop()
    with psycopg.connect(dsn) as connection:
        stored, summed = connection.execute(
            "SELECT (SELECT count(*) FROM billing_usage_event), "
            "(SELECT sum(events)::bigint FROM billing_usage_rollup_hour)").fetchone() or (0, 0)
    if not stored == summed == events + 1:
        raise RuntimeError(f"{events + 1} acknowledged, {stored} stored, {summed} summed")
    return {"ledger_events_s": round(events / wall), "ledger_p50_ms": at(took, 50), "ledger_p99_ms": at(took, 99),
            "ledger_cpu_us": round(cpu / events * 1e6, 1), "ledger_events_a_batch": round(events / batches, 1)}


async def meter(url: str, calls: int = 20_000) -> dict[str, float]:
    """One reservation against four limits and its settling; wall and this process' CPU time for each call."""
    figures: dict[str, float] = {}
    for in_flight in (1, 64):
        count = calls if in_flight > 1 else calls // 4
        quota = RedisMeter(url)

        async def one(number: int, quota: RedisMeter = quota) -> None:
            hold = await quota.reserve(grant(), uuid7(), estimate_minor=Decimal("0.15"), timeout_ms=30_000)
            await quota.settle(hold, amount_minor=Decimal("0.15"))

        await one(0)
        _, wall, cpu = await closed_loop(one, count, in_flight)
        await quota.stop()
        figures |= {f"meter_c{in_flight}_us": round(wall / count * 1e6, 1),
                    f"meter_c{in_flight}_cpu_us": round(cpu / count * 1e6, 1)}
    return figures


async def timetable(dsn: str, url: str, seconds: int, rate: int = 2_000) -> dict[str, float]:
    """Open loop: calls begin when they are due, whatever the others do. add-on is the commit alone; metering is
    reservation, commit and settling."""
    writer = LedgerWriter(dsn)
    await writer.start()
    quota = RedisMeter(url, writer.spent)
    commits, whole = list[float](), list[float]()
    loop = asyncio.get_running_loop()

    async def call(number: int, due: float) -> None:
        hold = await quota.reserve(grant(), uuid7(), estimate_minor=Decimal("0.15"), timeout_ms=30_000)
        before = loop.time()
        await writer.commit(event(number, hold.event_id))
        commits.append(loop.time() - before)
        await quota.settle(hold, amount_minor=Decimal("0.15"))
        whole.append(loop.time() - due)

    await call(0, loop.time())
    commits.clear()
    whole.clear()
    began, tasks = loop.time() + 0.05, set[asyncio.Task[None]]()
    for number in range(rate * seconds):
        due = began + number / rate
        if (ahead := due - loop.time()) > 0:
            await asyncio.sleep(ahead)
        task = asyncio.create_task(call(number, due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    wall = loop.time() - began
    await quota.stop()
    await writer.stop()
    return {"addon_calls_s": round(len(whole) / wall), "addon_p50_ms": at(commits, 50), "addon_p99_ms": at(commits, 99),
            "metering_p50_ms": at(whole, 50), "metering_p99_ms": at(whole, 99)}


def page(dsn: str, events: int) -> dict[str, float]:
    """The usage page and its API for an account with so many entries in the last 30 days; the slowest of them."""
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client

    from marketplace.accounts import services as accounts

    settings.ALLOWED_HOSTS = ["*"]
    user, org = accounts.ensure_account(email="bench@example.com", password=secrets.token_hex(), organization_name="B")
    began = time.perf_counter()
    seed(dsn, org.pk, events)
    seeded = time.perf_counter() - began
    _, key = accounts.create_api_key(org=org, actor=user, name="bench", scopes=("billing",))
    member, program = Client(), Client(headers={"Authorization": f"Bearer {key}"})
    member.force_login(user)
    since = (clock.now().date().replace(day=1)).isoformat()
    asked: dict[str, Callable[[], Any]] = {"page": lambda: member.get("/console/usage/", follow=True)}
    for group in ("model", "key", "day", "hour"):
        asked[group] = lambda group=group: program.get(f"/api/v1/usage?group_by={group}&from={since}")  # type: ignore[misc]
    asked["events"] = lambda: program.get("/api/v1/usage/events?limit=100")
    figures: dict[str, float] = {"usage_events": events, "usage_seed_s": round(seeded, 1)}
    for name, ask in asked.items():
        answer = ask()
        if answer.status_code != 200:
            raise RuntimeError(f"{name}: {answer.status_code} {answer.content[:300]!r}")
        times = []
        for _ in range(9):
            before = time.perf_counter()
            ask()
            times.append(time.perf_counter() - before)
        figures[f"usage_{name}_ms"] = round(statistics.median(times) * 1000, 1)
    return figures


def seed(dsn: str, org_id: int, events: int) -> None:
    """Entries of 5 keys and 10 models over the last 30 days, made by Postgres and moved by COPY; then their sums."""
    made = sql.SQL("""
        COPY (SELECT gen_random_uuid(), {org}, 1 + n % 5, 'model-' || n % 10, 1, 'call', 1, 1, 0.15, 'USD', 'live',
                now() - interval '30 days' * (n::numeric / {events}), '\\x00'::bytea, 12, 'sync', 'usage', ''
              FROM generate_series(1, {events}) AS n) TO STDOUT""").format(org=org_id, events=events)
    moved = """
        COPY billing_usage_event (event_id, org_id, key_id, model, version, unit, units, price_version, unit_amount,
          currency, mode, occurred_at, request_hash, latency_ms, source, kind, reason) FROM STDIN"""
    with psycopg.connect(dsn, autocommit=True) as source, psycopg.connect(dsn) as sink:
        with source.cursor().copy(made) as rows, sink.cursor().copy(moved) as into:
            for piece in rows:
                into.write(piece)
        sink.execute("""
            INSERT INTO billing_usage_rollup_hour
              (org_id, key_id, model, unit, price_version, currency, mode, hour, units, events, amount)
            SELECT org_id, key_id, model, unit, price_version, currency, mode, date_trunc('hour', occurred_at, 'UTC'),
              sum(units), count(*), sum(units * unit_amount)
            FROM billing_usage_event WHERE org_id = %s GROUP BY 1, 2, 3, 4, 5, 6, 7, 8""", [org_id])
        sink.commit()
        sink.autocommit = True
        sink.execute("VACUUM ANALYZE billing_usage_event, billing_usage_rollup_hour")


async def closed_loop(one: Callable[[int], Awaitable[Any]], count: int,
                      in_flight: int) -> tuple[list[float], float, float]:
    """Each call's seconds, the whole's, and the CPU seconds of this process."""
    numbers, took = iter(range(1, count + 1)), list[float]()

    async def caller() -> None:
        for number in numbers:
            before = time.perf_counter()
            await one(number)
            took.append(time.perf_counter() - before)

    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(in_flight)))
    return took, time.perf_counter() - began, time.process_time() - cpu


def at(seconds: list[float], percent: int) -> float:
    """A percentile in milliseconds."""
    ordered = sorted(seconds)
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000, 2)


def event(number: int, event_id: Any = None) -> UsageEvent:
    return UsageEvent(event_id or uuid7(), ORG, number % 20, f"bench-{number % 10}", 1, "call", 1, 1, Decimal("0.15"),
                      "USD", "live", clock.now(), DIGEST, 12)


_GRANT = Grant(key_id=1, key_hash="00", org_id=ORG, mode="live", scopes=("predict",), models=(), currency="USD",
               rate_per_minute=100_000_000, concurrency=100_000, monthly_limit_minor=1_000_000_000,
               monthly_units=1_000_000_000, key_limit_minor=1_000_000_000,
               limits=(Limit("org", "day", 1_000_000_000), Limit("key", "day", 1_000_000_000)))


def grant() -> Grant:
    return _GRANT


if __name__ == "__main__":
    sys.exit(main())
