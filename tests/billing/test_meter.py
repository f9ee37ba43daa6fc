"""The meter on a real Redis: hard limits hold under concurrency, holds expire, duplicates count once."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import redis as sync_redis
import redis.asyncio as redis
from billing_kit import grant

from billing import meter as meter_module
from billing.meter import RedisMeter, span
from kernel import clock
from kernel.contracts import Limit
from kernel.ids import uuid7
from kernel.problems import Problem

pytestmark = pytest.mark.stack


def with_meter(url: str, use: Callable[[RedisMeter], Awaitable[Any]], spent: Any = None) -> Any:
    async def run() -> Any:
        meter = RedisMeter(url, spent)
        try:
            return await use(meter)
        finally:
            await meter.stop()

    return asyncio.run(run())


def counter(url: str, scope: str = "org", window: str = "month", org: int = 1) -> dict[str, int]:
    """What Redis counts: micro-minor units spent and held, calls done and in flight."""
    name = f"meter:{{{org}}}:{window}:{span(window, clock.now())[0]}:{scope}"
    client = sync_redis.Redis.from_url(url, decode_responses=True)
    found = client.hgetall(name)
    client.close()
    names = {"s": "spent", "h": "held", "c": "calls", "i": "calls_held"}
    return {names[field]: int(value) for field, value in found.items() if field in names}


async def refused(work: Awaitable[Any]) -> str:
    with pytest.raises(Problem) as caught:
        await work
    return caught.value.code


def forget(url: str) -> None:
    """Redis loses everything that the meter kept."""
    client = sync_redis.Redis.from_url(url)
    if names := list(client.scan_iter(match="meter:*")):
        client.delete(*names)
    client.close()


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
    counters = counter(redis_url)
    assert counters["spent"] == spent * meter_module.MICRO
    assert counters["spent"] + counters["held"] <= 100 * meter_module.MICRO
    assert no > 0
    assert counters["spent"] + counters["held"] > 98 * meter_module.MICRO, "the limit was not reached"


def _spend_in_a_process(url: str, seed: int, results: Any) -> None:
    """One of many gateways: its own connection, its own loop; three in a hundred calls die with their hold."""
    chance, allowed = random.Random(seed), grant(monthly_limit_minor=100, key_id=seed)

    async def run() -> tuple[int, int, int]:
        meter, spent, lost, refused_calls = RedisMeter(url), 0, 0, 0
        for _ in range(10):
            try:
                hold = await meter.reserve(allowed, uuid7(), estimate_minor=Decimal(1), timeout_ms=60_000)
            except Problem as problem:
                refused_calls += problem.code == "budget_exceeded"
                continue
            await asyncio.sleep(chance.random() / 100)
            if chance.random() < 0.03:
                lost += 1
                continue
            cents = chance.randrange(1, 101)
            await meter.settle(hold, amount_minor=Decimal(cents) / 100)
            spent += cents
        await meter.stop()
        return spent, lost, refused_calls

    results.put(asyncio.run(run()))


def test_48_processes_cant_overspend_a_hard_limit(redis_url: str,
                                                  record_property: Callable[[str, object], None]) -> None:
    """480 calls of 1 minor unit at most, against a limit of 100: never above it, and reached."""
    forked = multiprocessing.get_context("fork")
    results = forked.Queue()
    processes = [forked.Process(target=_spend_in_a_process, args=(redis_url, n, results)) for n in range(48)]
    for process in processes:
        process.start()
    found = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(10)
        assert process.exitcode == 0
    spent, lost, refused_calls = (sum(column) for column in zip(*found, strict=True))
    counters = counter(redis_url)
    assert counters["spent"] == spent * meter_module.MICRO // 100
    assert counters["held"] == lost * meter_module.MICRO
    assert 98 * meter_module.MICRO < counters["spent"] + counters["held"] <= 100 * meter_module.MICRO
    assert refused_calls > 200, "the limit was reached early"
    record_property("callers", len(processes))
    record_property("refused", refused_calls)
    record_property("overspend_minor", max(0, (counters["spent"] + counters["held"]) // meter_module.MICRO - 100))


def test_no_hold_leaks_past_its_time(redis_url: str, monkeypatch: pytest.MonkeyPatch,
                                     record_property: Callable[[str, object], None]) -> None:
    """48 callers die with their holds; after their time nothing is held, nobody is in flight."""
    monkeypatch.setattr(meter_module, "GRACE_MS", 0)

    async def use(meter: RedisMeter) -> None:
        await asyncio.gather(*(meter.reserve(grant(key_id=n), uuid7(), estimate_minor=Decimal(2), timeout_ms=300)
                               for n in range(48)))
        assert counter(redis_url) == {"spent": 0, "held": 96_000_000, "calls": 0, "calls_held": 48}
        await asyncio.sleep(0.35)
        await meter.release(await meter.reserve(grant(), uuid7(), estimate_minor=Decimal(0), timeout_ms=300))

    with_meter(redis_url, use)
    assert counter(redis_url) == {"spent": 0, "held": 0, "calls": 0, "calls_held": 0}
    client = sync_redis.Redis.from_url(redis_url)
    assert (client.hlen("meter:{1}:hold"), client.zcard("meter:{1}:holds")) == (0, 0)
    assert {int(count) for count in client.hvals("meter:{1}:open")} == {0}
    record_property("abandoned_holds", 48)
    record_property("leaked_holds", client.hlen("meter:{1}:hold"))
    client.close()


def test_a_caller_that_leaves_while_it_reserves_holds_nothing(redis_url: str) -> None:
    """The script has run, its answer finds nobody: a drain or a client that hangs up must not leave holds behind."""
    async def use(meter: RedisMeter) -> None:
        await meter.release(await meter.reserve(grant(), uuid7(), estimate_minor=Decimal(1), timeout_ms=60_000))
        callers = [asyncio.create_task(meter.reserve(grant(), uuid7(), estimate_minor=Decimal(1), timeout_ms=60_000))
                   for _ in range(48)]
        stays = asyncio.create_task(meter.reserve(grant(), uuid7(), estimate_minor=Decimal(7), timeout_ms=60_000))
        for _ in range(3):  # they were sent at the end of a turn of the loop
            await asyncio.sleep(0)
        for caller in callers:
            caller.cancel()
        gone = await asyncio.gather(*callers, return_exceptions=True)
        assert {type(one) for one in gone} == {asyncio.CancelledError}
        await stays

    with_meter(redis_url, use)
    assert counter(redis_url) == {"spent": 0, "held": 7_000_000, "calls": 0, "calls_held": 1}


def test_check_then_increment_does_overspend(redis_url: str) -> None:
    """The broken control: without a reservation the same load passes its limit."""
    async def run() -> int:
        client = redis.Redis.from_url(redis_url)

        await client.set("meter:control", 0)
        checked = asyncio.Barrier(48)

        async def caller() -> None:
            for _ in range(12):
                room = int(await client.get("meter:control")) < 100
                await checked.wait()  # all have looked before any adds, as 48 processes do by chance
                if room:
                    await client.incrby("meter:control", 1)
                await checked.wait()

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
    assert counter(redis_url)["held"] == 0


def test_the_same_event_keeps_its_hold(redis_url: str) -> None:
    one, allowed = uuid7(), grant(monthly_limit_minor=10)

    async def use(meter: RedisMeter) -> None:
        first = await meter.reserve(allowed, one, estimate_minor=Decimal(7), timeout_ms=5000)
        second = await meter.reserve(allowed, one, estimate_minor=Decimal(7), timeout_ms=5000)
        assert (first.replayed, second.replayed) == (False, True)
        assert (second.amount_minor, second.month) == (Decimal(7), first.month)
        assert counter(redis_url)["held"] == 7 * meter_module.MICRO
        await meter.release(first)
        await meter.release(second)
        await meter.settled()
        assert counter(redis_url)["held"] == 0

    with_meter(redis_url, use)


def test_every_limit_refuses_with_its_own_code(redis_url: str) -> None:
    async def use(meter: RedisMeter) -> None:
        async def call(**limits: Any) -> Any:
            return await meter.reserve(grant(**limits), uuid7(), estimate_minor=Decimal(5), timeout_ms=5000)

        held = await call(key_id=1, rate_per_minute=2)
        assert (held.limit, held.remaining) == (2, 1)
        await call(key_id=1, rate_per_minute=2)
        assert await refused(call(key_id=1, rate_per_minute=2)) == "rate_limited"
        await meter.release(await call(key_id=1, rate_per_minute=0))  # not paced, and not counted
        third = await call(key_id=1, rate_per_minute=3)
        assert third.remaining == 0
        await meter.release(third)
        assert await refused(call(key_id=1, concurrency=2)) == "concurrency_limited"
        assert await refused(call(key_id=2, monthly_units=2)) == "quota_exceeded"
        assert await refused(call(key_id=2, monthly_limit_minor=14)) == "budget_exceeded"
        await call(key_id=2, monthly_limit_minor=15)
        assert await refused(call(key_id=2, key_limit_minor=9)) == "budget_exceeded"
        test_mode = await call(key_id=2, mode="test", monthly_limit_minor=0)
        await meter.settle(test_mode, amount_minor=Decimal(0))

    with_meter(redis_url, use)
    counters = counter(redis_url)
    assert (counters["held"], counters["calls_held"], counters["calls"]) == (15 * meter_module.MICRO, 3, 0)


def test_a_counter_that_redis_lost_is_loaded_before_anything_is_admitted(redis_url: str) -> None:
    asked: list[tuple[int, datetime, datetime]] = []

    async def spent(org: int, since: datetime, until: datetime) -> dict[int, tuple[Decimal, int]]:
        asked.append((org, since, until))
        return {11: (Decimal(60), 6), 12: (Decimal("35.5"), 2)}

    async def use(meter: RedisMeter) -> None:
        allowed = grant(monthly_limit_minor=100)
        hold = await meter.reserve(allowed, uuid7(), estimate_minor=Decimal(4), timeout_ms=5000)
        over = meter.reserve(allowed, uuid7(), estimate_minor=Decimal(1), timeout_ms=5000)
        assert await refused(over) == "budget_exceeded"
        forget(redis_url)
        await meter.settle(hold, amount_minor=Decimal(2))  # its counters are gone: kept aside until they are loaded
        over = meter.reserve(allowed, uuid7(), estimate_minor=Decimal(3), timeout_ms=5000)
        assert await refused(over) == "budget_exceeded"

    with_meter(redis_url, use, spent)
    assert counter(redis_url) == {"spent": 97_500_000, "held": 0, "calls": 9, "calls_held": 0}
    assert counter(redis_url, "key:11") == {"spent": 62_000_000, "held": 0, "calls": 7, "calls_held": 0}
    _, begins, ends = span("month", clock.now())
    assert asked == [(1, begins, ends)] * 2


def test_what_is_held_survives_the_loss_of_a_counter(redis_url: str) -> None:
    """A counter is dropped while its holds stay: it is loaded with them, and they end well."""
    async def spent(org: int, since: datetime, until: datetime) -> dict[int, tuple[Decimal, int]]:
        return {11: (Decimal(10), 1)}

    async def use(meter: RedisMeter) -> None:
        first = await meter.reserve(grant(), uuid7(), estimate_minor=Decimal(4), timeout_ms=5000)
        client = sync_redis.Redis.from_url(redis_url)
        client.delete(*client.scan_iter(match="meter:{1}:month:*"))
        client.close()
        second = await meter.reserve(grant(), uuid7(), estimate_minor=Decimal(5), timeout_ms=5000)
        await meter.settled()
        assert counter(redis_url)["held"] == 9_000_000
        await meter.settle(first, amount_minor=Decimal(3))
        await meter.release(second)

    with_meter(redis_url, use, spent)
    assert counter(redis_url) == {"spent": 13_000_000, "held": 0, "calls": 2, "calls_held": 0}


@pytest.mark.parametrize("window", ["minute", "day", "month"])
@pytest.mark.parametrize("scope", ["key", "team", "org"])
@pytest.mark.parametrize("kind", ["money", "calls"])
def test_every_scope_and_window_has_a_hard_limit(redis_url: str, monkeypatch: pytest.MonkeyPatch, scope: Any,
                                                 window: Any, kind: str) -> None:
    """Two keys of one team and a third: who shares the limit is stopped by it, who does not is not."""
    moment = clock.now().replace(second=30)
    monkeypatch.setattr(clock, "now", lambda: moment)  # one window for the whole test
    limit = Limit(scope, window, 10 if kind == "money" else None, 2 if kind == "calls" else None, keys=(11, 12), id=3)
    outside = () if scope == "team" else (limit,)
    grants = {11: grant(key_id=11, limits=(limit,)), 12: grant(key_id=12, limits=(limit,)),
              13: grant(key_id=13, limits=outside)}
    shares = {"key": {11}, "team": {11, 12}, "org": {11, 12, 13}}[scope]

    async def use(meter: RedisMeter) -> dict[int, str]:
        for _ in range(2):
            hold = await meter.reserve(grants[11], uuid7(), estimate_minor=Decimal(5), timeout_ms=5000)
            await meter.settle(hold, amount_minor=Decimal(5))
        outcomes = {}
        for key_id, allowed in grants.items():
            try:
                await meter.release(await meter.reserve(allowed, uuid7(), estimate_minor=Decimal(1), timeout_ms=5000))
                outcomes[key_id] = "admitted"
            except Problem as problem:
                outcomes[key_id] = problem.code
                told.append((problem.extra["scope"], problem.extra["window"], "Retry-After" in problem.headers))
        return outcomes

    told: list[tuple[str, str, bool]] = []
    code = "budget_exceeded" if kind == "money" else "quota_exceeded"
    assert with_meter(redis_url, use) == {key: code if key in shares else "admitted" for key in grants}
    assert told == [(scope, window, window != "month")] * len(shares)


def test_the_rates_headers_come_with_the_reservation(redis_url: str) -> None:
    async def use(meter: RedisMeter) -> None:
        allowed = grant(rate_per_minute=2)
        holds = [await meter.reserve(allowed, uuid7(), estimate_minor=Decimal(0), timeout_ms=5000) for _ in range(2)]
        assert [(hold.limit, hold.remaining) for hold in holds] == [(2, 1), (2, 0)]
        with pytest.raises(Problem) as caught:
            await meter.reserve(allowed, uuid7(), estimate_minor=Decimal(0), timeout_ms=5000)
        headers = caught.value.headers
        assert headers["RateLimit"] == f'"default";r=0;t={headers["Retry-After"]}'
        assert headers["RateLimit-Policy"] == '"default";q=2;w=60'
        assert 1 <= int(headers["Retry-After"]) <= 60

    with_meter(redis_url, use)


def test_without_redis_test_calls_go_on_at_their_rate(redis_url: str) -> None:
    """They cost nothing; what is counted here is only how many there are."""
    async def use(meter: RedisMeter) -> list[str]:
        allowed, outcomes = grant(mode="test", rate_per_minute=2), []
        for _ in range(3):
            try:
                hold = await meter.reserve(allowed, uuid7(), estimate_minor=Decimal(1), timeout_ms=1000)
                await meter.settle(hold, amount_minor=Decimal(0))
                outcomes.append(f"{hold.remaining} left")
            except Problem as problem:
                outcomes.append(problem.code)
        return outcomes

    assert with_meter("redis://127.0.0.1:1/0", use) == ["1 left", "0 left", "rate_limited"]


def test_a_redis_that_comes_back_is_used_again(redis_url: str) -> None:
    """Its clients are thrown out in the middle of calls; those fail closed, later ones are admitted."""
    async def use(meter: RedisMeter) -> list[str]:
        client = redis.Redis.from_url(redis_url)
        outcomes = []
        for turn in range(40):
            calls = [meter.reserve(grant(), uuid7(), estimate_minor=Decimal(1), timeout_ms=5000) for _ in range(5)]
            if turn % 4 == 1:
                await client.client_kill_filter(_type="normal", skipme=True)
            for found in await asyncio.gather(*calls, return_exceptions=True):
                assert not isinstance(found, Exception) or isinstance(found, Problem)
                outcomes.append(found.code if isinstance(found, Problem) else "held")
            await asyncio.sleep(0.06)
        await client.aclose()
        return outcomes

    outcomes = with_meter(redis_url, use)
    assert set(outcomes) <= {"held", "overloaded"}
    assert outcomes.count("held") >= 100
    assert outcomes[-5:] == ["held"] * 5


def test_without_redis_nothing_is_admitted(redis_url: str) -> None:
    async def use(meter: RedisMeter) -> str:
        return await refused(meter.reserve(grant(), uuid7(), estimate_minor=Decimal(1), timeout_ms=1000))

    assert with_meter("redis://127.0.0.1:1/0", use) == "overloaded"
