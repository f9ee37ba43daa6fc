"""A slice of a batch in a Celery worker: lines side by side through the one path, outcomes noted as they come."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from random import random

from celery import shared_task

from inference_backend.gateway.http import problem_response
from inference_backend.jobs import batches, ports
from inference_backend.jobs.batch_lines import Line
from inference_backend.jobs.batches import BatchLease, Done
from inference_backend.jobs.database import TaskDatabase
from kernel import ids
from kernel.clock import now
from kernel.contracts import Grant
from kernel.problems import Problem

log = logging.getLogger(__name__)

SLICE_S = 10.0  # then the worker is free for others, and the batch goes on in its next slice
NOTE_EVERY_S = 0.5
LINES_AT_ONCE = 4
TRIES = 3
LINE_TIMEOUT_S = 120.0
READ_AHEAD = 32
CANCEL_GRACE_S = 3.0  # within the lease
# The caller's own limits and a busy platform make a line wait, not fail.
WAITS = frozenset({"rate_limited", "concurrency_limited", "overloaded", "model_not_ready", "out_of_memory"})
STOPPED = object()


@shared_task(name="jobs.run_batch")
def run_batch(batch_id: str) -> None:
    """Runs one slice of a batch, if it is ours to run."""
    asyncio.run(_run(uuid.UUID(hex=batch_id)))


@shared_task(name="jobs.batches")
def hint_batches() -> None:
    batches.hint_due()


async def _run(batch_id: uuid.UUID) -> None:
    database = TaskDatabase()
    try:
        lease = await database(batches.take_lease, batch_id=batch_id)
        if lease is None:
            return
        if lease.status == "validating" and not await database(batches.validate, lease=lease):
            return
        if lease.status == "canceling" or lease.expires_at <= now():
            await database(batches.finalize, lease=lease)
            return
        await _Slice(lease, database).run()
    finally:
        await database.aclose()


class _Slice:
    """One slice: takes lines from the file, keeps a few in flight, notes what is done, stops in time."""

    def __init__(self, lease: BatchLease, database: TaskDatabase) -> None:
        self._lease, self._database = lease, database
        self._grant = Grant.load(lease.grant)
        self._done: list[Done] = []
        self._ends = time.monotonic() + SLICE_S
        self._wait_s = 0.0  # until the caller's limits allow more
        self._lost = False
        self._lines: Iterator[Line] = iter(())
        self._ahead: deque[Line] = deque()
        self._reading = asyncio.Lock()

    async def run(self) -> None:
        noted = await self._database(batches.noted_numbers, lease=self._lease)
        self._lines = (line for line in batches.lines_of(self._lease) if line.number not in noted)
        at_once = max(1, min(LINES_AT_ONCE, self._grant.concurrency))
        async with ports.open_runtime() as runtime:
            workers = [asyncio.create_task(self._work(runtime)) for _ in range(at_once)]
            noting = asyncio.create_task(self._note_while(workers))
            try:
                results = await asyncio.gather(*workers)
            except asyncio.CancelledError:
                results = [STOPPED]
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
                noting.cancel()
                with suppress(asyncio.CancelledError):
                    await noting
        await self._end(complete=all(result is not STOPPED for result in results))

    async def _end(self, *, complete: bool) -> None:
        if self._done and not await self._database(batches.note, lease=self._lease, done=self._done):
            self._lost = True
        if self._lost and not await self._database(_canceling, self._lease):
            return  # another worker's by now
        if complete or self._lost:
            await self._database(batches.finalize, lease=self._lease)
        else:
            await self._database(batches.give_back, lease=self._lease, delay_s=self._wait_s)

    async def _note_while(self, workers: list[asyncio.Task[object]]) -> None:
        """Writes outcomes down now and then; a lease that is lost, or a wish to cancel, stops the workers."""
        beat = time.monotonic()
        while True:
            await asyncio.sleep(NOTE_EVERY_S)
            done, self._done = self._done, []
            held = True
            if done:
                try:
                    held = await self._database(batches.note, lease=self._lease, done=done)
                except asyncio.CancelledError:  # the workers have ended; these may be kept or not, and twice is once
                    self._done = [*done, *self._done]
                    raise
            if time.monotonic() - beat > 1.0:
                beat = time.monotonic()
                held = held and await self._database(batches.extend_lease, lease=self._lease)
            if not held:
                self._lost = True
                self._ends = 0.0  # no further line; those in flight may end, so that what is billed is delivered too
                await asyncio.wait(workers, timeout=CANCEL_GRACE_S)
                for worker in workers:
                    worker.cancel()
                return

    async def _next(self) -> Line | None:
        """The next line to run; the file is read a little ahead, in the task's thread."""
        async with self._reading:
            if not self._ahead:
                self._ahead.extend(await self._database(lambda: list(islice(self._lines, READ_AHEAD))))
            return self._ahead.popleft() if self._ahead else None

    async def _work(self, runtime: ports.Runtime) -> object:
        """Takes line after line. None when the file is at its end, STOPPED when the slice is."""
        while time.monotonic() < self._ends and self._wait_s == 0:
            line = await self._next()
            if line is None:
                return None
            outcome = await self._line(runtime, line)
            if outcome is None:
                return STOPPED
            self._done.append(outcome)
        return STOPPED

    async def _line(self, runtime: ports.Runtime, line: Line) -> Done | None:
        """The outcome of one line; None where it must wait for another slice."""
        event_id = batches.event_id(self._lease.batch_id, line.number)
        for attempt in range(1, TRIES + 1):
            try:
                async with asyncio.timeout(LINE_TIMEOUT_S):
                    answer = await runtime.line(self._grant, self._lease.endpoint, line.body, event_id)
                return Done(line.number, line.custom_id, 200, answer.body, answer.cost, answer.currency)
            except TimeoutError:
                problem = Problem("timeout", f"the line took longer than {LINE_TIMEOUT_S:.0f} s")
            except Problem as raised:
                problem = raised
            except Exception:
                log.exception("batch %s, line %d failed unexpectedly", self._lease.batch_id, line.number)
                problem = Problem("internal_error", "an unexpected failure on our side")
            if problem.code in WAITS:
                asked = str(problem.headers.get("Retry-After", "1"))
                self._wait_s = max(self._wait_s, min(float(asked) if asked.isdigit() else 1.0, 60.0))
                return None
            if not problem.retryable or attempt == TRIES:
                return Done(line.number, line.custom_id, problem.status, self._refusal(line, problem))
            await asyncio.sleep(0.5 * 2 ** (attempt - 1) * (0.5 + random()))
        raise AssertionError("the last try answers")

    def _refusal(self, line: Line, problem: Problem) -> bytes:
        """The problem in the shape of the endpoint's dialect."""
        dialect = "openai" if self._lease.endpoint.startswith("/v1/") else "native"
        return problem_response(problem, dialect, f"{ids.prefixed('batch', self._lease.batch_id)}_{line.number}").body


def _canceling(lease: BatchLease) -> bool:
    """Whether the batch is still ours and its owner wants it ended."""
    from inference_backend.jobs.models import Batch

    return bool(Batch.objects.filter(pk=lease.batch_id, lease_token=lease.token, status="canceling").exists())


