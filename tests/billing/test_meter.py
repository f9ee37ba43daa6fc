"""The meter on a real Redis: hard limits hold under concurrency, holds expire, duplicates count once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
import redis as sync_redis
import redis.asyncio as redis
from billing_kit import grant

from billing import meter as meter_module
from billing.meter import RedisMeter
from kernel import clock
from kernel.ids import uuid7
from kernel.problems import Problem

pytestmark = pytest.mark.stack

MONTH = "%Y-%m"


def with_meter(url: str, use: Callable[[RedisMeter], Awaitable[Any]], spent: Any = None) -> Any:
    async def run() -> Any:
        client = redis.Redis.from_url(url)
        try:
            return await use(RedisMeter(client, spent))
        finally:
            await client.aclose()

    return asyncio.run(run())


def month(url: str, org: int = 1) -> dict[str, int]:
    client = sync_redis.Redis.from_url(url, decode_responses=True)
    found = client.hgetall(f"meter:{{{org}}}:m:{clock.now().strftime(MONTH)}")
    client.close()
    return {name: int(value) for name, value in found.items()}


async def refused(work: Awaitable[Any]) -> str:
    with pytest.raises(Problem) as caught:
        await work
    return caught.value.code


def test_48_callers_cant_overspend_a_hard_limit(redis_url: str) -> None:
    """Each reserves 1 minor unit and spends a part of it, 100 minor units in all; some die and never settle."""
    allowed = grant(monthly_limit_minor=100)
    chance = random.Random(7)

    async def use(meter: RedisMeter) -> tuple[Decimal, int]:
        spent, no = Decimal(0), 0

        async def caller() -> None:
            nonlocal spent, no
            for _ in range(12):
                try:
                    hold = await meter.reserve(allowed, uuid7(), estimate_minor=Decimal(1), timeout_ms=60_000)
                except Problem as problem:
                    no += problem.code == "budget_exceeded"
                    continue
                await asyncio.sleep(chance.random() / 200)
                if chance.random() < 0.03:
                    continue
                amount = Decimal(chance.randrange(1, 101)) / 100
                await meter.settle(hold, amount_minor=amount)
                spent += amount

        await asyncio.gather(*(caller() for _ in range(48)))
        return spent, no

    spent, no = with_meter(redis_url, use)
    counters = month(redis_url)
    assert counters["spent"] == spent * meter_module.MICRO
    assert counters["spent"] + counters["held"] <= 100 * meter_module.MICRO
    assert no > 0
    assert counters["spent"] + counters["held"] > 98 * meter_module.MICRO, "the limit was not reached"


def test_check_then_increment_does_overspend(redis_url: str) -> None:
    """The broken control: without a reservation the same load passes its limit."""
    async def run() -> int:
        client = redis.Redis.from_url(redis_url)

        async def caller() -> None:
            for _ in range(12):
                if int(await client.get("meter:control") or 0) >= 100:
                    return
                await asyncio.sleep(0.002)
                await client.incrby("meter:control", 1)

        await asyncio.gather(*(caller() for _ in range(48)))
        found = int(await client.get("meter:control"))
        await client.aclose()
        return found

    assert asyncio.run(run()) > 100


def test_holds_of_dead_callers_expire(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter_module, "GRACE_MS", 0)
    allowed = grant(monthly_limit_minor=10, concurrency=1)

    async def use(meter: RedisMeter) -> None:
        await meter.reserve(allowed, uuid7(), estimate_minor=Decimal(10), timeout_ms=150)
        again = meter.reserve(allowed, uuid7(), estimate_minor=Decimal(10), timeout_ms=150)
        assert await refused(again) == "concurrency_limited"
        await asyncio.sleep(0.2)
        hold = await meter.reserve(allowed, uuid7(), estimate_minor=Decimal(10), timeout_ms=150)
        await meter.release(hold)

    with_meter(redis_url, use)
    assert month(redis_url)["held"] == 0


def test_the_same_event_keeps_its_hold(redis_url: str) -> None:
    one, allowed = uuid7(), grant(monthly_limit_minor=10)

    async def use(meter: RedisMeter) -> None:
        first = await meter.reserve(allowed, one, estimate_minor=Decimal(7), timeout_ms=5000)
        second = await meter.reserve(allowed, one, estimate_minor=Decimal(7), timeout_ms=5000)
        assert (first.replayed, second.replayed) == (False, True)
        assert (second.amount_minor, second.month) == (Decimal(7), first.month)
        assert month(redis_url)["held"] == 7 * meter_module.MICRO
        await meter.release(first)
        await meter.release(second)
        assert month(redis_url)["held"] == 0

    with_meter(redis_url, use)


def test_every_limit_refuses_with_its_own_code(redis_url: str) -> None:
    async def use(meter: RedisMeter) -> None:
        async def call(**limits: Any) -> Any:
            return await meter.reserve(grant(**limits), uuid7(), estimate_minor=Decimal(5), timeout_ms=5000)

        held = await call(key_id=1, rate_per_minute=2)
        assert (held.limit, held.remaining) == (2, 1)
        await call(key_id=1, rate_per_minute=2)
        assert await refused(call(key_id=1, rate_per_minute=2)) == "rate_limited"
        assert await refused(call(key_id=1, concurrency=2)) == "concurrency_limited"
        assert await refused(call(key_id=2, monthly_units=2)) == "quota_exceeded"
        assert await refused(call(key_id=2, monthly_limit_minor=14)) == "budget_exceeded"
        await call(key_id=2, monthly_limit_minor=15)
        assert await refused(call(key_id=2, key_limit_minor=9)) == "budget_exceeded"
        test_mode = await call(key_id=2, mode="test", monthly_limit_minor=0)
        await meter.settle(test_mode, amount_minor=Decimal(0))

    with_meter(redis_url, use)
    counters = month(redis_url)
    assert (counters["held"], counters["calls_held"], counters["calls"]) == (15 * meter_module.MICRO, 3, 0)


def test_a_month_that_redis_lost_is_loaded_before_anything_is_admitted(redis_url: str) -> None:
    async def spent(org: int, key: int, month: str) -> dict[int, tuple[Decimal, int]]:
        return {11: (Decimal(60), 6), 12: (Decimal("35.5"), 2)}

    async def use(meter: RedisMeter) -> None:
        hold = await meter.reserve(grant(monthly_limit_minor=100), uuid7(), estimate_minor=Decimal(4), timeout_ms=5000)
        over = meter.reserve(grant(monthly_limit_minor=100), uuid7(), estimate_minor=Decimal(1), timeout_ms=5000)
        assert await refused(over) == "budget_exceeded"
        client = redis.Redis.from_url(redis_url)
        await client.delete(f"meter:{{1}}:m:{hold.month}", "meter:{1}:holds", "meter:{1}:hold", "meter:{1}:open:11")
        await client.aclose()
        await meter.settle(hold, amount_minor=Decimal(2))  # its month is gone: kept aside until it is loaded again
        over = meter.reserve(grant(monthly_limit_minor=100), uuid7(), estimate_minor=Decimal(3), timeout_ms=5000)
        assert await refused(over) == "budget_exceeded"

    with_meter(redis_url, use, spent)
    assert month(redis_url)["spent"] == Decimal("97.5") * meter_module.MICRO


def test_reconcile_sets_counters_to_the_ledger(redis_url: str) -> None:
    async def use(meter: RedisMeter) -> None:
        hold = await meter.reserve(grant(), uuid7(), estimate_minor=Decimal(5), timeout_ms=5000)
        await meter.settle(hold, amount_minor=Decimal(5))

    with_meter(redis_url, use)
    client = sync_redis.Redis.from_url(redis_url)
    name = clock.now().strftime(MONTH)
    truth = {11: (Decimal(8), 3), 12: (Decimal(1), 1)}
    assert meter_module.reconcile(client, name, lambda org: truth) == 1
    assert meter_module.reconcile(client, name, lambda org: truth) == 0
    client.close()
    counters = month(redis_url)
    found = [counters[field] for field in ("spent", "calls", "s:11", "s:12")]
    assert found == [9_000_000, 4, 8_000_000, 1_000_000]


def test_without_redis_nothing_is_admitted(redis_url: str) -> None:
    async def use(meter: RedisMeter) -> str:
        return await refused(meter.reserve(grant(), uuid7(), estimate_minor=Decimal(1), timeout_ms=1000))

    assert with_meter("redis://127.0.0.1:1/0", use) == "overloaded"
