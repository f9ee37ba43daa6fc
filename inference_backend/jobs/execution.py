"""A job's order as a call of the one path: the same `invoke` as the gateway's, with the job's own billing id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, cast
from uuid import UUID

import orjson

from inference_backend.background import Background
from inference_backend.gateway import openai_tasks
from inference_backend.jobs import ports
from inference_backend.jobs.batch_lines import kind_of
from inference_backend.predictions import Predicted, parse_body, predict, prediction_object, usage_of
from inference_backend.runtime import Runtime
from kernel import clock
from kernel.contracts import Grant
from kernel.problems import Problem

SESSION_GRANT = "playground"  # how the key hash of a grant starts that belongs to a session, not to a key


@dataclass(frozen=True, slots=True)
class InvocationRuntime:
    """The port that jobs run on, over a started `Runtime` of the data plane."""

    runtime: Runtime

    async def run(self, order: ports.Order, note: ports.Note) -> ports.Completed:
        """See `ports.Runtime.run`."""
        grant = await self._current(order.grant) if order.source == "async" else order.grant
        outcome = await predict(
            self.runtime, model=order.model, content_type=order.content_type, raw=order.body,
            body=parse_body(order.body, order.content_type), grant=grant,
            version=None if order.version is None else str(order.version), event_id=order.event_id,
            source=cast(Literal["sync", "async"], order.source), note=note)
        predicted: Predicted = outcome.body
        return ports.Completed(orjson.dumps(predicted.output), usage_of(outcome), outcome.target.version,
                               outcome.target.label)

    async def line(self, grant: Grant, endpoint: str, body: bytes, event_id: UUID) -> ports.Answered:
        """See `ports.Runtime.line`. The key's rate paces its callers; a batch goes at its worker's pace, uncounted."""
        known = kind_of(endpoint)
        if known is None:
            raise Problem("invalid_request", f"{endpoint} can't be called by a batch")
        kind, model = known
        unpaced = replace(await self._current(grant), rate_per_minute=0)
        caller = openai_tasks.Caller(grant=unpaced, event_id=event_id, source="batch")
        if kind == "prediction":
            created_at = clock.now()
            parsed = parse_body(body, "application/json")
            outcome = await predict(self.runtime, model=model, content_type="application/json", raw=body, body=parsed,
                                    grant=caller.grant, event_id=event_id, source="batch")
            document, outcomes = prediction_object(outcome, parsed, created_at), [outcome]
        else:
            run = openai_tasks.embed if kind == "embeddings" else openai_tasks.moderate
            ran = await run(self.runtime, orjson.loads(body), body, caller)
            document, outcomes = ran.document, ran.outcomes
        return ports.Answered(orjson.dumps(document), sum((Decimal(each.cost) for each in outcomes), Decimal(0)),
                              outcomes[-1].route.price.currency)

    async def _current(self, admitted: Grant) -> Grant:
        """The grant as it is now: a key that was revoked after the job was accepted runs nothing any more."""
        if admitted.key_hash.startswith(SESSION_GRANT):
            return admitted
        grant = await self.runtime.snapshots.grant(admitted.key_hash)
        if grant is None or not grant.active:
            raise Problem("invalid_api_key", "the API key was revoked before the job ran")
        return grant


@dataclass(frozen=True, slots=True)
class SharedRuntime:
    """The same port over the process's one runtime, which lives in a loop of its own."""

    background: Background

    async def run(self, order: ports.Order, note: ports.Note) -> ports.Completed:
        """See `ports.Runtime.run`. Notes are taken in the caller's loop, where its database lives."""
        loop = asyncio.get_running_loop()

        async def noted(progress: float, stage: str) -> None:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_take(note, progress, stage), loop))

        return await self.background.run(lambda runtime: InvocationRuntime(runtime).run(order, noted))

    async def line(self, grant: Grant, endpoint: str, body: bytes, event_id: UUID) -> ports.Answered:
        """See `ports.Runtime.line`."""
        return await self.background.run(
            lambda runtime: InvocationRuntime(runtime).line(grant, endpoint, body, event_id))


async def _take(note: ports.Note, progress: float, stage: str) -> None:
    await note(progress, stage)


def factory(background: Background) -> ports.RuntimeFactory:
    """What config/wiring.py registers: `set_runtime_factory(execution.factory(background))`."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[ports.Runtime]:
        yield SharedRuntime(background)

    return opened
