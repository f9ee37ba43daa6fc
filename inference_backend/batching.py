"""Calls of one small model that meet are asked as one: their rows are joined, and the answer is cut up again.

Triton's own batcher can do this too, but in 2.51 it was seen to sleep for half a second over a full queue (the cause
is not proven), so it is left off and the joining is done here, where the calls are anyway. Nobody waits for company: a
call that finds the model free takes along who arrives in the same turn of the event loop and goes; those that come
while it is busy go together next. One of a batch's callers leads it, in its own task.

Joining is right only where each row is answered for itself. The signature must say so (every tensor is free in its
first dimension), and it is not believed: the first batches of a version are asked one by one as well, and a version
whose answers differ is never joined again by this process. A batch that fails is asked one by one too, so that one
caller's bad values cost nobody else an answer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from inference_backend import oip
from inference_backend.oip import Buffer, Tensor
from inference_backend.triton.client import TritonError, TritonUnreachable
from kernel.contracts import Route
from kernel.problems import Problem

log = logging.getLogger(__name__)

SLOTS = 2  # batches of one model in flight: one runs, the next is on its way
MAX_ROWS = 32
MAX_BYTES = 256 << 10  # of one call's tensors that are worth joining
BUDGET_MS = 10.0  # a batch must not make its members wait longer than about this
PROOFS = 3  # batches of a version that are checked against single calls
LANES = 1024  # models, versions and forms that are remembered
START_MS = 1.0  # a row's time before it is known
TOLERANCE = {"FP16": (1e-2, 1e-3), "FP32": (1e-4, 1e-5), "FP64": (1e-6, 1e-9)}


class Inference(Protocol):
    """The part of the Triton client that is used here."""

    async def infer(self, model: str, version: int | None, parts: Sequence[Buffer], header_length: int, *,
                    timeout: float) -> tuple[bytes, int | None]: ...


def joinable(route: Route) -> bool:
    """Whether the signature allows rows of several callers in one request."""
    return route.joinable and route.runtime == "onnx" and all(
        len(spec.shape) > 1 and spec.shape[0] == -1 and spec.datatype != "BYTES" and not spec.optional
        for spec in (*route.inputs, *route.outputs))


@dataclass(slots=True, eq=False)
class _Waiting:
    """One call on its way into a batch."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[str, ...]
    rows: int
    timeout: float
    answer: asyncio.Future[list[Tensor] | None]  # None: lead the next batch


@dataclass(slots=True)
class _Lane:
    """The calls of one version in one form, and what is known of it."""

    model: str
    version: int | None
    in_flight: int = 0
    gathering: bool = False  # a leader is about to take along who waits
    waiting: deque[_Waiting] = field(default_factory=deque)
    row_ms: float = START_MS
    proofs: int = 0
    alone: bool = False  # its rows depend on each other: never joined again

    def rows(self) -> int:
        """How many rows a batch may have now; 1 means that there is nothing to gain."""
        return 1 if self.alone else max(1, min(MAX_ROWS, int(BUDGET_MS / max(self.row_ms, 0.01))))

    def learn(self, elapsed_ms: float, rows: int) -> None:
        sample = min(elapsed_ms / rows, self.row_ms * 8)  # one bad moment is not the model
        self.row_ms += 0.2 * (sample - self.row_ms)


class Batcher:
    """One per event loop, in front of the Triton client."""

    def __init__(self, client: Inference) -> None:
        self._client = client
        self._lanes: OrderedDict[tuple[object, ...], _Lane] = OrderedDict()
        self.batches = self.joined = 0  # for metrics

    async def infer(self, model: str, version: int | None, inputs: tuple[Tensor, ...], outputs: tuple[str, ...], *,
                    timeout: float) -> list[Tensor]:
        """The model's answer to these tensors. Raises what the client raises, and Problem backend_error."""
        rows = inputs[0].shape[0]
        lane = self._lane(model, version, inputs, outputs)
        limit = lane.rows()
        if limit <= 1 or rows > limit // 2 or any(t.shape[0] != rows or len(t.data) > MAX_BYTES for t in inputs):
            return await self._ask(lane, inputs, outputs, timeout, learn=lane.in_flight == 0)
        mine = _Waiting(inputs, outputs, rows, timeout, asyncio.get_running_loop().create_future())
        if lane.in_flight < SLOTS and not lane.gathering and not lane.waiting:
            lane.in_flight += 1
            lane.gathering = True
            return await self._lead(lane, mine)
        lane.waiting.append(mine)
        try:
            answer = await mine.answer
        except asyncio.CancelledError:
            if mine.answer.done() and not mine.answer.cancelled() and mine.answer.result() is None:
                lane.gathering = False  # it was to lead: another one is
                self._end(lane)
            raise
        if answer is not None:
            return answer
        return await self._lead(lane, _Waiting(inputs, outputs, rows, timeout,
                                               asyncio.get_running_loop().create_future()))

    def _lane(self, model: str, version: int | None, inputs: tuple[Tensor, ...], outputs: tuple[str, ...]) -> _Lane:
        key = (model, version, outputs, *[(t.name, t.shape[1:]) for t in inputs])
        lane = self._lanes.get(key)
        if lane is None:
            for old, idle in list(self._lanes.items())[:max(len(self._lanes) - LANES + 1, 0)]:
                if not idle.in_flight and not idle.waiting:
                    del self._lanes[old]
            lane = self._lanes[key] = _Lane(model, version)
        return lane

    async def _lead(self, lane: _Lane, mine: _Waiting) -> list[Tensor]:
        """Asks for itself and for those that it takes along; it has one of the lane's places."""
        members = [mine]
        try:
            try:
                await asyncio.sleep(0)  # the other calls of this turn of the loop arrive
            finally:
                lane.gathering = False
            room = max(lane.rows(), mine.rows) - mine.rows
            while lane.waiting and lane.waiting[0].rows <= room:
                member = lane.waiting.popleft()
                if not member.answer.done():  # its caller may have left
                    members.append(member)
                    room -= member.rows
            self._appoint(lane)
            await self._run(lane, members)
        except asyncio.CancelledError:
            lane.waiting.extendleft(reversed([other for other in members[1:] if not other.answer.done()]))
            raise
        finally:
            self._end(lane)
        answer = mine.answer.result()
        assert answer is not None, "an answer, or the failure that was raised"
        return answer

    def _end(self, lane: _Lane) -> None:
        """Gives a leader's place back."""
        lane.in_flight -= 1
        self._appoint(lane)

    def _appoint(self, lane: _Lane) -> None:
        """Has the first of those that wait lead them, where a place is free."""
        while lane.waiting and lane.in_flight < SLOTS and not lane.gathering:
            leader = lane.waiting.popleft()
            if not leader.answer.done():
                lane.in_flight += 1
                lane.gathering = True
                leader.answer.set_result(None)

    async def _run(self, lane: _Lane, members: list[_Waiting]) -> None:
        """Answers every member, if only with a failure."""
        if len(members) == 1:
            await self._one_by_one(lane, members)
            return
        try:
            answers = await self._together(lane, members)
        except (TritonUnreachable, TimeoutError) as error:
            _fail(members, error)
        except TritonError as error:
            if error.not_loaded or error.stub_died or error.status == 503:
                _fail(members, error)  # the callers know how to mend that
            else:
                await self._one_by_one(lane, members)
        except Problem:
            lane.alone = True  # the answer can't be cut up by rows
            await self._one_by_one(lane, members)
        except Exception as error:  # whatever happens, nobody is left waiting
            _fail(members, error)
        else:
            if lane.proofs < PROOFS:
                await self._prove(lane, members, answers)
                return
            for member, answer in zip(members, answers, strict=True):
                if not member.answer.done():
                    member.answer.set_result(answer)

    async def _together(self, lane: _Lane, members: list[_Waiting]) -> list[list[Tensor]]:
        """The answers of a joined call, each member's own rows."""
        total = sum([member.rows for member in members])
        joined = tuple([
            Tensor(first.name, first.datatype, (total, *first.shape[1:]),
                   b"".join([member.inputs[place].data for member in members]))
            for place, first in enumerate(members[0].inputs)])
        answer = await self._ask(lane, joined, members[0].outputs, max([m.timeout for m in members]), learn=True)
        if any(not tensor.shape or tensor.shape[0] != total or len(tensor.data) % total for tensor in answer):
            raise Problem("backend_error", "the model did not answer row by row")
        self.batches += 1
        self.joined += len(members)
        parts: list[list[Tensor]] = []
        row = 0
        for member in members:
            parts.append([_rows(tensor, row, member.rows, total) for tensor in answer])
            row += member.rows
        return parts

    async def _prove(self, lane: _Lane, members: list[_Waiting], answers: list[list[Tensor]]) -> None:
        """Gives the single answers, and learns from them whether the joined ones are as good."""
        for member, joined in zip(members, answers, strict=True):
            await self._one_by_one(lane, [member])
            if member.answer.done() and not member.answer.cancelled() and member.answer.exception() is None \
                    and not _alike(member.answer.result() or [], joined):
                lane.alone = True
                log.warning("%s version %s answers rows together otherwise than alone: never joined", lane.model,
                            lane.version)
        lane.proofs += 1

    async def _one_by_one(self, lane: _Lane, members: list[_Waiting]) -> None:
        for member in members:
            if member.answer.done():
                continue
            try:
                answer = await self._ask(lane, member.inputs, member.outputs, member.timeout, learn=True)
            except (TritonError, TritonUnreachable, TimeoutError, Problem) as error:
                _fail([member], error)
            else:
                if not member.answer.done():
                    member.answer.set_result(answer)

    async def _ask(self, lane: _Lane, inputs: tuple[Tensor, ...], outputs: tuple[str, ...], timeout: float, *,
                   learn: bool) -> list[Tensor]:
        parts, length = oip.encode_request(inputs, outputs)
        began = time.perf_counter()
        reply = await self._client.infer(lane.model, lane.version, parts, length, timeout=timeout)
        if learn:
            lane.learn((time.perf_counter() - began) * 1000, inputs[0].shape[0])
        return oip.decode_reply(*reply)


def _rows(tensor: Tensor, first: int, count: int, total: int) -> Tensor:
    size = len(tensor.data) // total
    return Tensor(tensor.name, tensor.datatype, (count, *tensor.shape[1:]),
                  tensor.data[first * size:(first + count) * size])


def _alike(one: list[Tensor], other: list[Tensor]) -> bool:
    """Whether two answers are the same, but for the last digits of floats."""
    if [(t.name, t.datatype, t.shape) for t in one] != [(t.name, t.datatype, t.shape) for t in other]:
        return False
    for a, b in zip(one, other, strict=True):
        if a.datatype in TOLERANCE:
            relative, absolute = TOLERANCE[a.datatype]
            dtype = oip.DTYPES[a.datatype]
            if not np.allclose(np.frombuffer(a.data, dtype), np.frombuffer(b.data, dtype), relative, absolute,
                               equal_nan=True):
                return False
        elif bytes(a.data) != bytes(b.data):
            return False
    return True


def _fail(members: Sequence[_Waiting], error: Exception) -> None:
    for member in members:
        if not member.answer.done():
            member.answer.set_exception(_again(error))


def _again(error: Exception) -> Exception:
    """The same failure for another caller, with a traceback of its own."""
    if isinstance(error, TritonError):
        return TritonError(error.status, error.message)
    return error if isinstance(error, Problem) else type(error)(*error.args)
