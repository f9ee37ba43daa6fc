"""A ledger whose Postgres commits but is not heard: one entry for an answer, none for an answer that was withheld."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from billing_kit import event
from psycopg.conninfo import conninfo_to_dict

from billing import selectors
from billing.ledger import WITHHELD, LedgerWriter
from kernel.contracts import UsageEvent
from kernel.ids import billing_event_id
from kernel.problems import Problem

pytestmark = [pytest.mark.stack, pytest.mark.django_db(transaction=True)]


class DeafWire:
    """A relay before Postgres' socket. `cut` lets what was sent arrive, swallows the reply and hangs up; while
    `closed`, new connections are turned away."""

    def __init__(self, target: str, port: str) -> None:
        self._target, self._port = target, port
        self.cut = self.closed = False
        self.swallowed = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> DeafWire:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.closed:
            writer.close()
            return
        if self._target.startswith("/"):
            up, down = await asyncio.open_unix_connection(f"{self._target}/.s.PGSQL.{self._port}")
        else:
            up, down = await asyncio.open_connection(self._target, int(self._port))
        for task in (asyncio.create_task(self._there(reader, down)), asyncio.create_task(self._back(up, writer))):
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            writer.write(piece)

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            if self.cut:
                self.swallowed += 1
                writer.close()
                return
            writer.write(piece)


def through(dsn: str, use: Callable[[LedgerWriter, DeafWire], Awaitable[Any]]) -> Any:
    parts = conninfo_to_dict(dsn)

    async def run() -> Any:
        async with DeafWire(str(parts.get("host", "127.0.0.1")), str(parts.get("port", 5432))) as wire:
            address = f"postgresql://{parts.get('user', '')}:{quote(str(parts.get('password', '')))}@127.0.0.1:" \
                      f"{wire.port}/{parts['dbname']}"
            writer = LedgerWriter(address, give_up_s=1)
            await writer.start()
            try:
                assert await writer.commit(event(model="warm-up"))
                return await use(writer, wire)
            finally:
                await writer.stop()

    return asyncio.run(run())


def entries(dsn: str, one: UsageEvent) -> list[tuple[int, str, str]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute("SELECT units, kind, reason FROM billing_usage_event "
                                  "WHERE %s IN (event_id, corrects) ORDER BY units DESC", [one.event_id]).fetchall()


async def commit_unheard(writer: LedgerWriter, wire: DeafWire, one: UsageEvent) -> Problem:
    """The entry is committed, its reply is lost, and Postgres stays out of reach until the writer gives up."""
    wire.cut = wire.closed = True
    with pytest.raises(Problem) as caught:
        await writer.commit(one)
    assert wire.swallowed == 1
    wire.cut = wire.closed = False
    return caught.value


def test_a_lost_reply_is_asked_for_again(dsn: str) -> None:
    one = event(units=3)

    async def use(writer: LedgerWriter, wire: DeafWire) -> bool:
        wire.cut = True
        waiting = asyncio.create_task(writer.commit(one))
        while not wire.swallowed:
            await asyncio.sleep(0.001)
        wire.cut = False
        return await waiting

    assert through(dsn, use) is True, "the call's own broken attempt was taken for a duplicate"
    assert entries(dsn, one) == [(3, "usage", "")]
    assert selectors.rollup_differences() == []


def test_a_withheld_answer_costs_nothing(dsn: str) -> None:
    one = event(units=3)

    async def use(writer: LedgerWriter, wire: DeafWire) -> str:
        problem = await commit_unheard(writer, wire, one)
        assert [row[:2] for row in entries(dsn, one)] == [(3, "usage")]
        async with asyncio.timeout(5):
            while not writer.figures.written_off:
                await asyncio.sleep(0.01)
        return problem.code

    assert through(dsn, use) == "overloaded"
    assert entries(dsn, one) == [(3, "usage", ""), (-3, "correction", WITHHELD)]
    assert selectors.rollup_differences() == []


def test_a_retry_with_the_same_id_stands_for_the_withheld_answer(dsn: str) -> None:
    one = event(units=3, event_id=billing_event_id(11, "ocr:again"))
    again = replace(one, occurred_at=one.occurred_at + timedelta(seconds=2))

    async def use(writer: LedgerWriter, wire: DeafWire) -> tuple[Any, bool]:
        assert (await commit_unheard(writer, wire, one)).code == "overloaded"
        return await writer.known(one.event_id), await writer.commit(again)

    known, fresh = through(dsn, use)
    assert known is None, "nobody got this answer"
    assert fresh is True
    assert entries(dsn, one) == [(3, "usage", "")]


def test_a_statement_that_outlives_its_writer_costs_nothing(dsn: str) -> None:
    """An old backend still waits for a lock when the writer gives up. Whether it or the claim comes first, the sum is
    0: either the claim bars it, or the claim waits for it and a correction follows."""
    one = event(units=3)

    async def use(writer: LedgerWriter, wire: DeafWire) -> None:
        assert await writer.known(one.event_id) is None
        async with await psycopg.AsyncConnection.connect(dsn) as other:
            await other.execute("LOCK TABLE billing_usage_event IN EXCLUSIVE MODE")
            with pytest.raises(Problem, match="overloaded"):
                await writer.commit(one)
        async with asyncio.timeout(5):
            while not any(reason == WITHHELD for _, _, reason in entries(dsn, one)):
                await asyncio.sleep(0.01)
        assert await writer.commit(event())

    through(dsn, use)
    assert sum(units for units, _, _ in entries(dsn, one)) == 0
    assert selectors.rollup_differences() == []
