"""The ledger on a real Postgres: durable, once, in step with its sums."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from billing_kit import NOON, event
from django.db import connection

from billing import selectors
from billing.ledger import LedgerWriter
from kernel.contracts import UsageEvent
from kernel.problems import Problem

pytestmark = [pytest.mark.stack, pytest.mark.django_db(transaction=True)]


def with_writer(dsn: str, use: Callable[[LedgerWriter], Awaitable[Any]], **options: Any) -> Any:
    async def run() -> Any:
        writer = LedgerWriter(dsn, **options)
        await writer.start()
        try:
            return await use(writer)
        finally:
            await writer.stop()

    return asyncio.run(run())


def stored() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM billing_usage_event")
        return int(cursor.fetchone()[0])


def test_an_event_is_new_once(dsn: str) -> None:
    one = event()

    async def use(writer: LedgerWriter) -> list[bool]:
        return [await writer.commit(one), await writer.commit(one), *await asyncio.gather(*[writer.commit(one)] * 1)]

    assert with_writer(dsn, use) == [True, False, False]
    assert stored() == 1


def test_a_stored_event_is_known_by_its_moment(dsn: str) -> None:
    one = event()

    async def use(writer: LedgerWriter) -> list[Any]:
        before = await writer.known(one.event_id)
        await writer.commit(one)
        return [before, await writer.known(one.event_id)]

    assert with_writer(dsn, use) == [None, NOON]


def test_the_same_event_many_times_at_once_is_new_once(dsn: str) -> None:
    one = event()

    async def use(writer: LedgerWriter) -> list[bool]:
        return await asyncio.gather(*(writer.commit(one) for _ in range(64)))

    answers = with_writer(dsn, use)
    assert sum(answers) == 1
    assert stored() == 1


def test_another_body_under_the_same_id_is_refused(dsn: str) -> None:
    one = event()
    other = replace(one, request_hash=b"\x01" * 32)

    async def use(writer: LedgerWriter) -> list[Any]:
        together = await asyncio.gather(writer.commit(one), writer.commit(other), return_exceptions=True)
        later = await asyncio.gather(writer.commit(other), return_exceptions=True)
        return [*together, *later]

    answers = with_writer(dsn, use)
    assert answers[0] is True
    assert [answer.code for answer in answers[1:]] == ["idempotency_key_reused"] * 2


def test_64_callers_lose_nothing_and_the_sums_agree(dsn: str) -> None:
    """3,000 events by 64 callers, a third of them sent twice, over orgs, keys, models and hours."""
    events = [event(org_id=n % 3, key_id=n % 5, model=f"m{n % 4}", units=n % 7, mode="test" if n % 11 == 0 else "live",
                    unit_amount=Decimal(n % 13) / 1000, occurred_at=NOON + timedelta(minutes=n % 300))
              for n in range(3000)]
    sent = events + events[::3]

    async def use(writer: LedgerWriter) -> int:
        queue = iter(sent)
        answers: list[bool] = []

        async def caller() -> None:
            for one in queue:
                answers.append(await writer.commit(one))

        await asyncio.gather(*(caller() for _ in range(64)))
        assert writer.figures.largest_batch > 1
        assert (writer.figures.events, writer.figures.duplicates) == (3000, 1000)
        return sum(answers)

    assert with_writer(dsn, use) == 3000
    assert stored() == 3000
    assert selectors.rollup_differences() == []
    sums = selectors.usage(1, since=NOON - timedelta(days=1), until=NOON + timedelta(days=1), group_by="key")
    want = [e for e in events if e.org_id == 1 and e.mode == "live"]
    assert sum(row.units for row in sums) == sum(e.units for e in want)
    assert sum(row.amount_minor for row in sums) == sum(e.units * e.unit_amount for e in want)


def test_two_writers_in_step_do_not_deadlock(dsn: str) -> None:
    """Two processes' worth of writers upsert the same sums in opposite orders."""
    async def run() -> None:
        writers = [LedgerWriter(dsn), LedgerWriter(dsn)]
        for writer in writers:
            await writer.start()
        try:
            for _ in range(20):
                forward = [event(model=f"m{n}") for n in range(40)]
                backward = [event(model=f"m{n}") for n in reversed(range(40))]
                await asyncio.gather(*(writers[0].commit(one) for one in forward),
                                     *(writers[1].commit(one) for one in backward))
        finally:
            for writer in writers:
                await writer.stop()

    asyncio.run(run())
    assert stored() == 1600
    assert selectors.rollup_differences() == []


def test_a_killed_backend_neither_loses_nor_doubles(dsn: str) -> None:
    """Postgres ends the writer's connections again and again; every acknowledged event is there, once."""
    events = [event(units=n) for n in range(1500)]

    async def use(writer: LedgerWriter) -> list[Any]:
        done = asyncio.Event()

        async def kill() -> int:
            killed = 0
            async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as admin:
                while not done.is_set():
                    cursor = await admin.execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                                                 "WHERE application_name = 'tessera ledger' "
                                                 "AND datname = current_database()")
                    killed += (await cursor.fetchone())[0]
                    batches = writer.figures.batches
                    await asyncio.sleep(0.05)
                    # On a machine so busy that a backend takes longer than that to start, nothing would get through.
                    while writer.figures.batches == batches and not done.is_set():
                        await asyncio.sleep(0.005)
            return killed

        killer = asyncio.create_task(kill())
        answers: list[Any] = []
        for start in range(0, len(events), 25):
            answers += await asyncio.gather(*(writer.commit(one) for one in events[start:start + 25]),
                                            return_exceptions=True)
            await asyncio.sleep(0.02)
        done.set()
        assert await killer > 0
        assert writer.figures.retries > 0
        return answers

    answers = with_writer(dsn, use)
    assert stored() >= sum(answer is True for answer in answers)
    assert False not in answers, "an event's own broken attempt was taken for a duplicate"
    assert all(answer is True or isinstance(answer, Problem) for answer in answers)
    assert answers.count(True) > 1000
    assert selectors.rollup_differences() == []


def test_without_postgres_the_answer_is_withheld(dsn: str) -> None:
    async def use(writer: LedgerWriter) -> Any:
        return await asyncio.gather(*(writer.commit(event()) for _ in range(8)), return_exceptions=True)

    answers = with_writer("host=/nonexistent dbname=none", use, give_up_s=1)
    assert {answer.code for answer in answers} == {"overloaded"}


def test_a_poisonous_event_does_not_take_others_along(dsn: str) -> None:
    bad = replace(event(), units=-1)

    async def use(writer: LedgerWriter) -> list[Any]:
        batch: list[UsageEvent] = [event() for _ in range(9)]
        return await asyncio.gather(*(writer.commit(one) for one in [*batch[:4], bad, *batch[4:]]),
                                    return_exceptions=True)

    answers = with_writer(dsn, use)
    assert answers.pop(4).code == "backend_error"
    assert answers == [True] * 9
    assert stored() == 9


def test_the_ledger_only_grows(dsn: str) -> None:
    one = event()
    with_writer(dsn, lambda writer: writer.commit(one))
    for statement in ("UPDATE billing_usage_event SET units = 0", "DELETE FROM billing_usage_event"):
        with psycopg.connect(dsn) as other, pytest.raises(psycopg.errors.RestrictViolation, match="append only"):
            other.execute(statement)
    assert stored() == 1


def test_spent_is_a_spans_live_money_by_key(dsn: str) -> None:
    events = [event(key_id=1, units=3), event(key_id=2, units=4), event(key_id=1, mode="test"), event(org_id=2),
              event(key_id=1, occurred_at=NOON.replace(month=10))]

    async def use(writer: LedgerWriter) -> Any:
        await asyncio.gather(*(writer.commit(one) for one in events))
        minute = await writer.spent(1, NOON, NOON + timedelta(minutes=1))
        return minute, await writer.spent(1, datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))

    both = {1: (Decimal("0.45"), 1), 2: (Decimal("0.60"), 1)}
    assert with_writer(dsn, use) == (both, both)
