"""The ledger writer: usage is in Postgres before its answer leaves the gateway.

Group commit: while one commit runs, the next events gather; then all of them go in one statement, which inserts the
new ones, adds them to the hourly sums in key order, and says which were new. One statement is one transaction.
Nothing is acknowledged that is not committed. No Django here: the gateway process has none.

Where an attempt breaks off (a killed backend, a deadline), nobody knows whether it was committed. The retry is its own
fence: inserting the same event ids waits for a transaction that still runs, and what the retry inserted the old
backend can't insert any more. Where no retry succeeds before the deadline the answers are withheld, and
`_write_off` takes their events back as soon as Postgres answers again, so that a caller that got 503 pays nothing.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any, LiteralString, TypeVar, cast
from urllib.parse import quote, urlencode
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg
from psycopg.conninfo import conninfo_to_dict

from kernel.contracts import UsageEvent
from kernel.problems import Problem

log = logging.getLogger(__name__)

NO_PAUSE = timedelta(0)  # before the first retry
FIRST_PAUSE, LONGEST_PAUSE = timedelta(milliseconds=2), timedelta(milliseconds=100)  # before later ones
WRITE_OFF_EVERY = timedelta(milliseconds=200)
UNKNOWN_KEPT = 100_000  # withheld events that this process remembers
WITHHELD = "the answer was withheld"

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
"""  # in psycopg's form: `billing.services` runs it too

_numbers = count(1)
_INSERT_NATIVE = re.sub("%s", lambda _: f"${next(_numbers)}", INSERT)

_STORED = "SELECT event_id, occurred_at, request_hash FROM billing_usage_event WHERE event_id = ANY($1::uuid[])"

_SPENT = """
SELECT key_id, sum(amount) AS amount, sum(events)::bigint AS events FROM billing_usage_rollup_hour
WHERE org_id = $1 AND mode = 'live' AND hour >= $2 AND hour < $3 GROUP BY key_id
"""
_SPENT_WITHIN_AN_HOUR = """
SELECT key_id, sum(units * unit_amount) AS amount, count(*) AS events FROM billing_usage_event
WHERE org_id = $1 AND mode = 'live' AND occurred_at >= $2 AND occurred_at < $3 GROUP BY key_id
"""

# What an event itself can be at fault for. Anything else is Postgres' or the network's trouble, and worth a retry.
_POISON = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
_AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_TROUBLE = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)

_T = TypeVar("_T")


@dataclass(slots=True)
class _Waiting:
    event: UsageEvent
    answer: asyncio.Future[bool]
    withheld: frozenset[datetime] = frozenset()  # admissions of earlier attempts under this id that got no answer


@dataclass(slots=True)
class Figures:
    """What this writer has done since it started; for metrics."""

    events: int = 0
    duplicates: int = 0
    batches: int = 0
    largest_batch: int = 0
    retries: int = 0
    refused: int = 0
    written_off: int = 0  # committed, but their answers had been withheld


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
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._give_up_s = give_up_s
        self._queue: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        # What takes answers back may wait long for a lock, and reads must not wait behind it.
        self._writing, self._reading, self._mending = (_Link(dsn, give_up_s) for _ in range(3))
        # Withheld, and perhaps committed: the event, and when its attempts were admitted.
        self._unknown: dict[UUID, tuple[UsageEvent, frozenset[datetime]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._writing_off: asyncio.Task[None] | None = None
        self.healthy = True
        self.figures = Figures()

    async def start(self) -> None:
        """Does not wait for Postgres, so that a gateway can start before it."""
        self._task = asyncio.create_task(self._run(), name="ledger writer")

    async def stop(self) -> None:
        """Commits what still waits and writes off what was withheld, as long as Postgres answers; then closes."""
        if self._task is None:
            return
        while self._queue and not self._task.done():
            await asyncio.wait([waiting.answer for waiting in self._queue])
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        if self._writing_off is not None:
            await asyncio.wait([self._writing_off], timeout=2)
            self._writing_off.cancel()
        for link in (self._writing, self._reading, self._mending):
            await link.close()
        self._task = self._writing_off = None

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
        if event.event_id in self._unknown:  # the caller tries again: this answer stands for what was withheld
            waiting.withheld = self._unknown.pop(event.event_id)[1]
        self._queue.append(waiting)
        self._wake.set()
        return await waiting.answer

    async def spent(self, org_id: int, since: datetime, until: datetime) -> dict[int, tuple[Decimal, int]]:
        """Key id → (exact minor units, calls) of an organization's live usage in [since, until): what `RedisMeter`
        loads. Spans of whole hours come from the sums. Raises Problem overloaded."""
        whole = not (since.minute or since.second or until.minute or until.second)
        found = await self.query(_SPENT if whole else _SPENT_WITHIN_AN_HOUR, org_id, since, until)
        return {row["key_id"]: (row["amount"], row["events"]) for row in found}

    async def known(self, event_id: UUID) -> datetime | None:
        """When the entry of this id occurred; None where there is none, or where its answer was withheld.

        Raises Problem overloaded.
        """
        if event_id in self._unknown:
            return None
        found = await self.query(_STORED, [event_id])
        return found[0]["occurred_at"] if found else None

    async def query(self, statement: str, *arguments: object) -> list[Any]:
        """Rows of a read on this writer's second connection, so that it never waits behind a commit.

        Raises Problem overloaded where Postgres does not answer within `give_up_s`.
        """
        if self._task is None:
            raise Problem("overloaded", "the ledger is closed")
        error: BaseException | None = None
        for _ in range(3):  # a connection that died unseen costs one try
            try:
                async with asyncio.timeout(self._give_up_s):
                    return cast(list[Any], await self._reading.run(lambda link: link.fetch(statement, *arguments)))
            except _TROUBLE as caught:
                error = caught
        raise _unreachable() from error

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

    async def _write(self, batch: list[_Waiting], uncertain: bool = False) -> None:
        """Commits a batch and answers its callers; retries what a retry can mend.

        `uncertain`: an attempt at this batch broke off before, so its events may be committed already.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._give_up_s
        pause = NO_PAUSE
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    added, stored = await self._insert([waiting.event for waiting in batch])
                break
            except _AGAIN:
                self.figures.retries += 1
            except _POISON as error:
                if len(batch) > 1:  # one entry that Postgres refuses must not take the others with it
                    middle = len(batch) // 2
                    await self._write(batch[:middle], uncertain)
                    await self._write(batch[middle:], uncertain)
                    return
                log.error("ledger refused event %s: %s", batch[0].event.event_id, error)
                _refuse(batch, Problem("backend_error", "the ledger refused this entry"))
                return
            except _TROUBLE as error:
                self.figures.retries += 1
                uncertain, self.healthy = True, False
                if loop.time() + pause.total_seconds() >= deadline:
                    self._give_up(batch, error)
                    return
                await asyncio.sleep(pause.total_seconds())
                pause = min(max(pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
        self.healthy = True
        self._answer(batch, added, stored, uncertain)

    async def _insert(self, events: list[UsageEvent]) -> tuple[set[UUID], dict[UUID, tuple[Any, bytes]]]:
        """Ids that this statement added, and what is stored under the others."""
        async def both(link: Any) -> tuple[set[UUID], dict[UUID, tuple[Any, bytes]]]:
            added = {row[0] for row in await (await self._writing.prepared(_INSERT_NATIVE)).fetch(*rows(events))}
            known = [event.event_id for event in events if event.event_id not in added]
            if not known:
                return added, {}
            found = await link.fetch(_STORED, known)
            return added, {row["event_id"]: (row["occurred_at"], row["request_hash"]) for row in found}

        return await self._writing.run(both)

    def _answer(self, batch: list[_Waiting], added: set[UUID], stored: dict[UUID, tuple[Any, bytes]],
                uncertain: bool) -> None:
        first: dict[UUID, bytes] = {}
        for waiting in batch:
            event = waiting.event
            before = first.get(event.event_id)
            if before is None and event.event_id in stored:
                occurred, before = stored[event.event_id]
                own = (uncertain and occurred == event.occurred_at) or occurred in waiting.withheld
                if own and before == event.request_hash:
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

    # ------------------------------------------------------------ answers that were withheld

    def _give_up(self, batch: list[_Waiting], error: BaseException) -> None:
        """Nobody waits longer; those behind have waited as long, and go as well."""
        log.error("ledger unreachable: %s", str(error).strip() or type(error).__name__)
        for waiting in batch:
            event = waiting.event
            if event.source == "sync":  # a job bills under its own id whenever it ends
                self._unknown[event.event_id] = event, waiting.withheld | {event.occurred_at}
        while len(self._unknown) > UNKNOWN_KEPT:
            log.error("withheld event %s is not looked after any more", self._unknown.pop(next(iter(self._unknown))))
        everyone = [*batch, *self._queue]
        self._queue.clear()
        self.figures.refused += len(everyone)
        _refuse(everyone, _unreachable())
        if self._unknown and (self._writing_off is None or self._writing_off.done()):
            self._writing_off = asyncio.create_task(self._write_off(), name="ledger write-off")

    async def _write_off(self) -> None:
        """Takes back what was committed although its answer was withheld.

        Each id is first claimed by an entry of 0 units: that waits for a transaction which still runs, and bars one
        that has not begun. An id that can't be claimed was committed, and a correction takes its units away.
        """
        while self._unknown:
            event_id = next(iter(self._unknown))
            event, moments = self._unknown.pop(event_id)  # from here on a retry is a duplicate
            try:
                async with asyncio.timeout(self._give_up_s):
                    await self._mending.run(partial(self._take_back, event, moments))
            except _TROUBLE:
                self._unknown[event_id] = event, moments
                await asyncio.sleep(WRITE_OFF_EVERY.total_seconds())

    async def _take_back(self, event: UsageEvent, moments: frozenset[datetime], link: Any) -> None:
        claim = rows([replace(event, units=0)], kind="correction", corrects=event.event_id, reason=WITHHELD)
        if await link.fetch(_INSERT_NATIVE, *claim):
            return
        found = await link.fetch(_STORED, [event.event_id])
        if found[0]["occurred_at"] not in moments:  # another process has answered it since
            return
        back = replace(event, event_id=uuid5(NAMESPACE_URL, f"withheld:{event.event_id}"), units=-event.units)
        if await link.fetch(_INSERT_NATIVE, *rows([back], kind="correction", corrects=event.event_id,
                                                  reason=WITHHELD)):
            self.figures.written_off += 1


class _Link:
    """One connection, opened when it is needed and dropped at the first sign of trouble.

    No pool: a pool hands out connections that died while they rested, and waits longer and longer to replace them;
    with backends that died every 50 ms its writer never got through.
    """

    def __init__(self, dsn: str, timeout_s: int) -> None:
        # Both of libpq's forms; asyncpg reads only the address form.
        parts = conninfo_to_dict(dsn)
        self._dsn = f"postgresql:///{quote(str(parts.pop('dbname', '')), safe='')}?{urlencode(parts)}"
        self._timeout_s = timeout_s
        self._connection: Any = None
        self._statements: dict[str, Any] = {}
        self._lock = asyncio.Lock()

    async def run(self, work: Callable[[Any], Awaitable[_T]]) -> _T:
        """`work` on the open connection; whatever goes wrong but the event's own fault closes it."""
        async with self._lock:
            try:
                if self._connection is None or self._connection.is_closed():
                    self._statements.clear()
                    self._connection = await asyncpg.connect(
                        self._dsn, timeout=self._timeout_s,
                        server_settings={"application_name": "tessera ledger", "synchronous_commit": "on"})
                return await work(self._connection)
            except (*_POISON, *_AGAIN):
                raise
            except BaseException:
                self._drop()
                raise

    async def prepared(self, statement: str) -> Any:
        """The statement, prepared once a connection; inside `run` only."""
        found = self._statements.get(statement)
        if found is None:
            found = self._statements[statement] = await self._connection.prepare(statement)
        return found

    async def close(self) -> None:
        if self._connection is not None:
            with suppress(*_TROUBLE):
                await self._connection.close(timeout=1)
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            connection.terminate()


def _unreachable() -> Problem:
    return Problem("overloaded", "usage can't be recorded now, so nothing was delivered or billed",
                   headers={"Retry-After": "1"})


def _refuse(batch: list[_Waiting], problem: Problem) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(problem)
