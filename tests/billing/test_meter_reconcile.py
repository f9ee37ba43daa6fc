"""Counters against the ledger: lost settles are found, running calls not counted twice, a wiped Redis rebuilt."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import redis as sync_redis
from billing_kit import event, grant
from django.db import connection

from billing import ledger_reads, meter_reconcile
from billing import meter as meter_module
from billing.ledger import LedgerWriter
from billing.meter import RedisMeter, span
from billing.meter_reconcile import Drift
from kernel import clock
from kernel.contracts import Hold, Limit
from kernel.ids import uuid7

pytestmark = [pytest.mark.stack, pytest.mark.django_db(transaction=True)]

DAILY = Limit("key", "day", 1_000_000)
Parts = Callable[[LedgerWriter, RedisMeter], Awaitable[Any]]


def with_both(dsn: str, url: str, use: Parts) -> Any:
    async def run() -> Any:
        writer = LedgerWriter(dsn)
        await writer.start()
        meter = RedisMeter(url, writer.spent)
        try:
            return await use(writer, meter)
        finally:
            await meter.stop()
            await writer.stop()

    return asyncio.run(run())


async def call(writer: LedgerWriter, meter: RedisMeter, *, key_id: int = 11, units: int = 4, lose: str = "",
               pause_s: float = 0.0) -> Hold:
    """One billed call; `lose` "settle" dies after the commit, "commit" before it."""
    hold = await meter.reserve(grant(key_id=key_id, limits=(DAILY,)), uuid7(), estimate_minor=Decimal(9),
                               timeout_ms=60_000)
    await asyncio.sleep(pause_s)
    if lose == "commit":
        return hold
    one = event(event_id=hold.event_id, key_id=key_id, units=units, unit_amount=Decimal("0.15"),
                occurred_at=clock.now())
    await writer.commit(one)
    await asyncio.sleep(pause_s)
    if lose != "settle":
        await meter.settle(hold, amount_minor=one.units * one.unit_amount)
    return hold


async def drifts(url: str, *, mend: bool = False, ledger: Any = ledger_reads.snapshot) -> list[Drift]:
    """A reconcile in a thread of its own, as Django wants it."""
    def run() -> list[Drift]:
        client = sync_redis.Redis.from_url(url)
        try:
            return meter_reconcile.reconcile(client, clock.now(), ledger, mend=mend)
        finally:
            client.close()
            connection.close()

    return await asyncio.to_thread(run)


def expire_holds(url: str) -> None:
    """As if the callers' deadlines had passed."""
    client = sync_redis.Redis.from_url(url)
    for event_id in client.zrange("meter:{1}:holds", 0, -1):
        client.zadd("meter:{1}:holds", {event_id: 1})
    client.close()


def test_a_lost_settle_is_found_and_mended(dsn: str, redis_url: str) -> None:
    async def use(writer: LedgerWriter, meter: RedisMeter) -> None:
        await call(writer, meter)
        await call(writer, meter, lose="settle")
        await call(writer, meter, lose="commit")
        await meter.settled()
        assert await drifts(redis_url) == [], "what still holds is not missing yet"
        expire_holds(redis_url)
        found = await drifts(redis_url, mend=True)
        assert {(drift.counter.split(":")[0], drift.amount_micro, drift.calls) for drift in found} == {
            ("month", 600_000, 1), ("day", 600_000, 1)}
        assert len(found) == 3  # the organization's month, the key's month, the key's day
        assert await drifts(redis_url) == []

    with_both(dsn, redis_url, use)


def test_reconciling_beside_running_calls_counts_nothing_twice(dsn: str, redis_url: str) -> None:
    """Calls linger between commit and settle; every reconcile finds all counters right, and so does the end."""
    chance = random.Random(5)

    async def use(writer: LedgerWriter, meter: RedisMeter) -> None:
        enough = asyncio.Event()

        async def caller(key_id: int) -> None:
            while not enough.is_set():
                await call(writer, meter, key_id=key_id, units=chance.randrange(9), pause_s=chance.random() / 40)

        callers = asyncio.gather(*(caller(11 + n % 3) for n in range(24)))
        rounds = 0
        while rounds < 8 or writer.figures.events < 200:
            assert await drifts(redis_url) == []
            rounds += 1
        enough.set()
        await callers
        await meter.settled()
        assert await drifts(redis_url) == []

    with_both(dsn, redis_url, use)


def test_a_redis_wiped_under_load_is_exact_after_one_reconcile(
        dsn: str, redis_url: str, record_property: Callable[[str, object], None]) -> None:
    async def use(writer: LedgerWriter, meter: RedisMeter) -> None:
        enough = asyncio.Event()

        async def caller(key_id: int) -> None:
            while not enough.is_set():
                await call(writer, meter, key_id=key_id, pause_s=0.01)

        callers = asyncio.gather(*(caller(11 + n % 3) for n in range(24)))
        for _ in range(6):
            await asyncio.sleep(0.4)
            client = sync_redis.Redis.from_url(redis_url)
            client.delete(*client.scan_iter(match="meter:*"))
            client.close()
            await asyncio.sleep(0.1)
            await drifts(redis_url, mend=True)
        enough.set()
        await callers
        for key_id in (11, 12, 13):
            await call(writer, meter, key_id=key_id)
        await meter.settled()
        began = time.monotonic()
        await drifts(redis_url, mend=True)
        record_property("wipes", 6)
        record_property("reconcile_s", round(time.monotonic() - began, 3))
        record_property("calls", writer.figures.events)
        spent = await writer.spent(1, *span("month", clock.now())[1:])
        client = sync_redis.Redis.from_url(redis_url, decode_responses=True)
        month = span("month", clock.now())[0]
        for key_id, (amount, calls) in spent.items():
            counter = client.hgetall(f"meter:{{1}}:month:{month}:key:{key_id}")
            assert counter == {"s": str(meter_module.micro(amount)), "h": "0", "c": str(calls), "i": "0"}
        client.close()
        assert sum(calls for _, calls in spent.values()) == writer.figures.events

    with_both(dsn, redis_url, use)


def test_a_reconcile_whose_redis_was_wiped_changes_nothing(dsn: str, redis_url: str) -> None:
    async def use(writer: LedgerWriter, meter: RedisMeter) -> None:
        await call(writer, meter, lose="settle")
        expire_holds(redis_url)

        class Wiping(ledger_reads.Snapshot):
            def spent(self, org_id: int, since: Any, until: Any) -> Any:
                client = sync_redis.Redis.from_url(redis_url)
                client.delete("meter:{1}:watch")
                client.close()
                return super().spent(org_id, since, until)

        assert await drifts(redis_url, mend=True, ledger=lambda: nullcontext(Wiping()))
        assert len(await drifts(redis_url)) == 3

    with_both(dsn, redis_url, use)


def test_another_limit_of_the_day_begins_with_what_the_ledger_knows(dsn: str, redis_url: str) -> None:
    async def use(writer: LedgerWriter, meter: RedisMeter) -> None:
        before = replace(event(occurred_at=clock.now()), units=7)
        await writer.commit(before)
        await call(writer, meter)
        client = sync_redis.Redis.from_url(redis_url, decode_responses=True)
        await meter.settled()
        counter = client.hgetall(f"meter:{{1}}:day:{span('day', clock.now())[0]}:key:11")
        client.close()
        assert counter == {"s": "1650000", "h": "0", "c": "2", "i": "0"}

    with_both(dsn, redis_url, use)
