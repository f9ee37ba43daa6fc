"""Batches: many inputs of one model in one file, answers by the caller's own ids."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tessera import errors
from tessera._base import Call, LazyModule, Pause, Steps, body_of, parse, quote
from tessera._generated.resources import AsyncBatchesResource, BatchesResource
from tessera.media import encode_input
from tessera.record import Record, record

if TYPE_CHECKING:
    from tessera._generated import models as m
else:
    m = LazyModule("tessera._generated.models")

ENDED = frozenset({"completed", "failed", "expired", "canceled", "cancelled"})
OnBatch = Callable[["m.Batch"], Any]


@dataclass(frozen=True)
class BatchLine:
    """One line's answer: `body` is the prediction where `ok`, else the problem."""

    custom_id: str
    status: int
    body: Record

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def output(self) -> Any:
        """The output of a prediction; None of a line that failed."""
        return self.body.get("output") if self.ok else None


class BatchFailed(errors.TesseraError):
    """A batch that ended without running its lines: `batch.errors` says why."""

    def __init__(self, batch: m.Batch) -> None:
        self.batch = batch
        faults = "; ".join(str(fault.model_dump()) for fault in batch.errors)
        super().__init__(f"{batch.id} {batch.status}: {faults}")


def lines_of(inputs: Iterable[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]],
             parameters: Mapping[str, Any] | None = None) -> bytes:
    """JSON lines of inputs; their ids are the mapping's keys, or 0, 1, 2 …"""
    pairs = inputs.items() if isinstance(inputs, Mapping) else ((str(n), given) for n, given in enumerate(inputs))
    common = {"parameters": dict(parameters)} if parameters else {}
    return b"".join(json.dumps({"custom_id": name, "input": encode_input(given), **common},
                               separators=(",", ":"), allow_nan=False).encode() + b"\n" for name, given in pairs)


def _waiting(batch_id: str, on_progress: OnBatch | None, timeout: float | None) -> Steps[m.Batch]:
    end = time.monotonic() + timeout if timeout is not None else None
    pause, told = 0.2, None
    while True:
        batch: m.Batch = parse(m.Batch, body_of((yield Call("GET", f"/api/v1/batches/{quote(batch_id)}"))), None)
        if on_progress is not None and told != (batch.status, batch.progress):
            told = (batch.status, batch.progress)
            on_progress(batch)
        if batch.status in ENDED:
            return batch
        left = end - time.monotonic() if end is not None else pause
        if left <= 0:
            raise errors.PredictionTimeout(f"{batch_id} is still running")
        yield Pause(min(pause, left))
        pause = min(pause * 1.5, 5.0)


def _results(batch: m.Batch) -> Steps[list[BatchLine]]:
    found: list[BatchLine] = []
    for file_id in (batch.output_file_id, batch.error_file_id):
        if file_id:
            content = (yield Call("GET", f"/api/v1/files/{quote(file_id)}/content")).content
            for row in map(json.loads, content.splitlines()):
                answer = row["response"]
                found.append(BatchLine(row["custom_id"], answer["status_code"], record(answer["body"])))
    return found


def _running(model: str, inputs: Any, parameters: Mapping[str, Any] | None, metadata: Mapping[str, Any] | None,
             on_progress: OnBatch | None, timeout: float | None) -> Steps[list[BatchLine]]:
    form = {"file": ("batch.jsonl", lines_of(inputs, parameters), "application/jsonl"), "purpose": "batch"}
    file_id = body_of((yield Call("POST", "/api/v1/files", form=form)))["id"]
    made = body_of((yield Call("POST", "/api/v1/batches", json={
        "input_file_id": file_id, "model": model, "metadata": dict(metadata or {})})))
    batch = yield from _waiting(made["id"], on_progress, timeout)
    if batch.output_file_id is None and batch.error_file_id is None:
        raise BatchFailed(batch)
    answers = {line.custom_id: line for line in (yield from _results(batch))}
    order = list(inputs) if isinstance(inputs, Mapping) else [str(n) for n in range(len(answers))]
    return [answers[name] for name in order if name in answers]


class Batches(BatchesResource):
    """`client.batches`: the generated operations, and a whole batch in one call."""

    def run(self, model: str, inputs: Iterable[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]], *,
            parameters: Mapping[str, Any] | None = None, metadata: Mapping[str, Any] | None = None,
            on_progress: OnBatch | None = None, timeout: float | None = None) -> list[BatchLine]:
        """Every input through one model, in order: a list of inputs, or a mapping of your ids to inputs. A line that
        failed is an answer too. Raises BatchFailed where nothing ran."""
        return self._transport.drive(_running(model, _kept(inputs), parameters, metadata, on_progress, timeout))

    def wait(self, batch_id: str, on_progress: OnBatch | None = None, *, timeout: float | None = None) -> m.Batch:
        """Returns the batch when it has ended, however. Raises PredictionTimeout."""
        return self._transport.drive(_waiting(batch_id, on_progress, timeout))

    def results(self, batch_id: str) -> list[BatchLine]:
        """The answers and failures of a batch that has ended."""
        return self._transport.drive(_results(self.retrieve(batch_id)))


class AsyncBatches(AsyncBatchesResource):
    """As `Batches`, to await."""

    async def run(self, model: str, inputs: Iterable[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]], *,
                  parameters: Mapping[str, Any] | None = None, metadata: Mapping[str, Any] | None = None,
                  on_progress: OnBatch | None = None, timeout: float | None = None) -> list[BatchLine]:
        """As `Batches.run`."""
        return await self._transport.drive(_running(model, _kept(inputs), parameters, metadata, on_progress, timeout))

    async def wait(self, batch_id: str, on_progress: OnBatch | None = None, *,
                   timeout: float | None = None) -> m.Batch:
        """As `Batches.wait`."""
        return await self._transport.drive(_waiting(batch_id, on_progress, timeout))

    async def results(self, batch_id: str) -> list[BatchLine]:
        """As `Batches.results`."""
        return await self._transport.drive(_results(await self.retrieve(batch_id)))


def _kept(inputs: Any) -> Any:
    """An iterator is read once here, a mapping keeps its ids."""
    return inputs if isinstance(inputs, Mapping) else list(inputs)
