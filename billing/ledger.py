"""The ledger writer: usage is in Postgres before its answer leaves the gateway.

Group commit: while one commit runs, the next events gather; then all of them go in one statement, which inserts the
new ones, adds them to the hourly sums in key order, and says which were new. One statement is one transaction.
Nothing is acknowledged that is not committed. No Django here: the gateway process has none.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import errors
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from kernel.contracts import UsageEvent
from kernel.problems import Problem

log = logging.getLogger(__name__)

RETRY_AFTER = timedelta(milliseconds=50)

# Rows as parallel arrays: one statement text whatever the batch size, so it is prepared once.
INSERT: LiteralString = """
WITH added AS (
  INSERT INTO billing_usage_event (event_id, org_id, key_id, model, version, unit, units, price_version, unit_amount,
    currency, mode, occurred_at, request_hash, latency_ms, source, kind, corrects, reason)
  SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::text[], %s::int[], %s::text[], %s::bigint[],
    %s::int[], %s::numeric[], %s::text[], %s::text[], %s::timestamptz[], %s::bytea[], %s::int[], %s::text[],
    %s::text[], %s::uuid[], %s::text[])
  ON CONFLICT (event_id) DO NOTHING
  RETURNING event_id, org_id, key_id, model, unit, price_version, currency, mode, units, unit_amount,
    date_trunc('hour', occurred_at, 'UTC') AS hour
), summed AS (
  INSERT INTO billing_usage_rollup_hour AS r
    (org_id, key_id, model, unit, price_version, currency, mode, hour, units, events, amount)
  SELECT org_id, key_id, model, unit, price_version, currency, mode, hour, sum(units), count(*),
    sum(units * unit_amount)
  FROM added GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
  ON CONFLICT (org_id, key_id, model, unit, price_version, currency, mode, hour) DO UPDATE
    SET units = r.units + excluded.units, events = r.events + excluded.events, amount = r.amount + excluded.amount
)
SELECT event_id FROM added
"""

STORED: LiteralString = "SELECT event_id, occurred_at, request_hash FROM billing_usage_event WHERE event_id = ANY(%s)"

SPENT: LiteralString = """
SELECT key_id, sum(amount), sum(events)::bigint FROM billing_usage_rollup_hour
WHERE org_id = %s AND mode = 'live' AND hour >= %s::timestamptz AND hour < %s::timestamptz + interval '1 month'
GROUP BY key_id
"""


@dataclass(slots=True)
class _Waiting:
    event: UsageEvent
    answer: asyncio.Future[bool]


@dataclass(slots=True)
class Figures:
    """What this writer has done since it started; for metrics."""

    events: int = 0
    duplicates: int = 0
    batches: int = 0
    largest_batch: int = 0
    retries: int = 0
    refused: int = 0


def rows(events: Sequence[UsageEvent], *, kind: str = "usage", corrects: UUID | None = None,
         reason: str = "") -> list[list[Any]]:
    """The arrays that `INSERT` takes."""
    return [
        [e.event_id for e in events], [e.org_id for e in events], [e.key_id for e in events],
        [e.model for e in events], [e.version for e in events], [e.unit for e in events], [e.units for e in events],
        [e.price_version for e in events], [e.unit_amount for e in events], [e.currency for e in events],
        [e.mode for e in events], [e.occurred_at for e in events], [e.request_hash for e in events],
        [e.latency_ms for e in events], [e.source for e in events], [kind] * len(events), [corrects] * len(events),
        [reason] * len(events),
    ]


class LedgerWriter:
    """`kernel.contracts.Ledger` for one event loop.

    ``dsn`` is any libpq address. `give_up_s` bounds how long a call waits for a Postgres that does not answer; past it,
    and while more than `max_waiting` events queue, `commit` raises Problem("overloaded") and the answer is withheld.
    """

    def __init__(self, dsn: str, *, max_batch: int = 512, max_waiting: int = 20_000, give_up_s: int = 5) -> None:
        self._dsn = dsn
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._give_up_s = give_up_s
        self._queue: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] | None = None
        self._task: asyncio.Task[None] | None = None
        self.healthy = True
        self.figures = Figures()

    async def start(self) -> None:
        """Opens the pool; does not wait for Postgres, so that a gateway can start before it."""
        self._pool = AsyncConnectionPool(
            self._dsn, open=False, min_size=1, max_size=2, timeout=self._give_up_s, name="ledger",
            kwargs={"autocommit": True, "prepare_threshold": 0, "application_name": "tessera ledger",
                    "options": "-c synchronous_commit=on", "connect_timeout": self._give_up_s})
        await self._pool.open()
        self._task = asyncio.create_task(self._run(), name="ledger writer")

    async def stop(self) -> None:
        """Commits what still waits, then closes."""
        if self._task is None or self._pool is None:
            return
        while self._queue and not self._task.done():
            await asyncio.sleep(0)
            await asyncio.wait([waiting.answer for waiting in self._queue])
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self._pool.close()
        self._task = self._pool = None

    async def commit(self, event: UsageEvent) -> bool:
        """True once this event is durable, False where its id already was (the same request, billed before).

        Raises Problem overloaded (Postgres does not answer: nothing may be delivered), idempotency_key_reused (the id
        is known with another request body) or backend_error (Postgres refuses the entry).
        """
        if self._task is None or self._task.done():
            raise Problem("overloaded", "the ledger is closed")
        if len(self._queue) >= self._max_waiting:
            self.figures.refused += 1
            raise Problem("overloaded", "too many calls wait for the ledger", headers={"Retry-After": "1"})
        waiting = _Waiting(event, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._wake.set()
        return await waiting.answer

    async def spent(self, org_id: int, key_id: int, month: str) -> dict[int, tuple[Decimal, int]]:
        """Key id → (exact minor units, calls) of an organization's live usage in a month: what `RedisMeter` loads."""
        if self._pool is None:
            raise Problem("overloaded", "the ledger is closed")
        start = f"{month}-01 00:00:00+00"
        try:
            async with asyncio.timeout(self._give_up_s), self._pool.connection() as connection:
                cursor = await connection.execute(SPENT, [org_id, start, start])
                found = await cursor.fetchall()
        except (psycopg.Error, PoolTimeout, TimeoutError) as error:
            raise _unreachable() from error
        return {key_id: (Decimal(0), 0)} | {key: (amount, calls) for key, amount, calls in found}

    async def known(self, event_id: UUID) -> datetime | None:
        """When the entry of this id occurred, or None where there is none. Raises Problem overloaded."""
        if self._pool is None:
            raise Problem("overloaded", "the ledger is closed")
        try:
            async with asyncio.timeout(self._give_up_s), self._pool.connection() as connection:
                cursor = await connection.execute(STORED, [[event_id]])
                found = await cursor.fetchone()
        except (psycopg.Error, PoolTimeout, TimeoutError) as error:
            raise _unreachable() from error
        return found[1] if found else None

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), self._max_batch))]
            if not self._queue:
                self._wake.clear()
            try:
                await self._write(batch)
            except asyncio.CancelledError:
                _refuse(batch, Problem("overloaded", "the ledger is closing"))
                raise
            except Exception as error:  # the writer must outlive anything: every caller waits on it
                log.exception("ledger batch failed")
                _refuse(batch, Problem("backend_error", f"the ledger failed: {type(error).__name__}"))

    async def _write(self, batch: list[_Waiting]) -> None:
        """Commits a batch and answers its callers; retries what a retry can mend."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._give_up_s
        uncertain = False  # an attempt broke off: it may have been committed
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    added, stored = await self._insert([waiting.event for waiting in batch])
                break
            except (errors.DeadlockDetected, errors.SerializationFailure):
                self.figures.retries += 1
            except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, TimeoutError) as error:
                self.figures.retries += 1
                uncertain, self.healthy = True, False
                if loop.time() + 1 > deadline:
                    log.error("ledger unreachable: %s", str(error).strip())
                    everyone = [*batch, *self._queue]  # who waits behind has waited as long; refuse all at once
                    self._queue.clear()
                    self.figures.refused += len(everyone)
                    _refuse(everyone, _unreachable())
                    return
                await asyncio.sleep(RETRY_AFTER.total_seconds())
            except psycopg.Error as error:
                if len(batch) > 1:  # one entry that Postgres refuses must not take the others with it
                    middle = len(batch) // 2
                    await self._write(batch[:middle])
                    await self._write(batch[middle:])
                    return
                log.error("ledger refused event %s: %s", batch[0].event.event_id, error)
                _refuse(batch, Problem("backend_error", "the ledger refused this entry"))
                return
        self.healthy = True
        self._answer(batch, added, stored, uncertain)

    async def _insert(self, events: list[UsageEvent]) -> tuple[set[UUID], dict[UUID, tuple[Any, bytes]]]:
        """Ids that this statement added, and what is stored under the others."""
        assert self._pool is not None
        async with self._pool.connection() as connection:
            cursor = await connection.execute(INSERT, rows(events))
            added = {row[0] for row in await cursor.fetchall()}
            known = [event.event_id for event in events if event.event_id not in added]
            if not known:
                return added, {}
            cursor = await connection.execute(STORED, [known])
            return added, {key: (occurred, digest) for key, occurred, digest in await cursor.fetchall()}

    def _answer(self, batch: list[_Waiting], added: set[UUID], stored: dict[UUID, tuple[Any, bytes]],
                uncertain: bool) -> None:
        first: dict[UUID, bytes] = {}
        for waiting in batch:
            event = waiting.event
            before = first.get(event.event_id)
            if before is None and event.event_id in stored:
                occurred, before = stored[event.event_id]
                if uncertain and occurred == event.occurred_at and before == event.request_hash:
                    before = None  # the attempt that broke off had committed it: it is this very call
            first.setdefault(event.event_id, event.request_hash)
            self.figures.events += before is None
            self.figures.duplicates += before is not None
            if waiting.answer.done():  # its caller is gone; the entry stands
                continue
            if before is not None and before != event.request_hash:
                waiting.answer.set_exception(Problem("idempotency_key_reused"))
            else:
                waiting.answer.set_result(before is None)
        self.figures.batches += 1
        self.figures.largest_batch = max(self.figures.largest_batch, len(batch))


def _unreachable() -> Problem:
    return Problem("overloaded", "usage can't be recorded now, so nothing was delivered or billed",
                   headers={"Retry-After": "1"})


def _refuse(batch: list[_Waiting], problem: Problem) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(problem)
