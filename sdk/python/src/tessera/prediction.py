"""A prediction as its caller sees it: state, output by attribute, exact cost, and waiting for its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import Field, PrivateAttr, field_validator

from tessera import errors
from tessera._base import APIModel, AsyncTransport, Call, Transport, body_of, quote
from tessera.events import Event

ENDED = frozenset({"succeeded", "failed", "canceled"})


class Record(dict[str, Any]):
    """A JSON object whose members are attributes too: ``output.lines[0].text``. It is still a dict."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the output has no {name!r}; it has {', '.join(self)}") from None


def record(value: Any) -> Any:
    if isinstance(value, dict):
        return Record({name: record(item) for name, item in value.items()})
    if isinstance(value, list):
        return [record(item) for item in value]
    return value


class Usage(APIModel):
    """What was delivered, and its price before included units and tiers."""

    unit: str
    units: int
    cost: Decimal
    currency: str = ""
    compute_ms: float | None = None
    queue_ms: float | None = None


class Failure(APIModel):
    code: str
    detail: str = ""


class _Fields(APIModel):
    id: str
    model: str
    status: str
    version: int | None = None
    variant: str | None = None
    progress: float | None = None
    stage: str | None = None
    output: Any = None
    error: Failure | None = None
    warnings: list[str] = Field(default_factory=list)
    usage: Usage | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    expires_at: datetime | None = None

    @field_validator("output")
    @classmethod
    def _by_attribute(cls, value: Any) -> Any:
        return record(value)

    @property
    def done(self) -> bool:
        return self.status in ENDED

    @property
    def _state(self) -> tuple[str, float | None, str | None]:
        return self.status, self.progress, self.stage

    def _take(self, data: dict[str, Any]) -> None:
        fresh = type(self).model_validate(data)
        for name in type(self).model_fields:
            setattr(self, name, getattr(fresh, name))


class _Pace:
    """Waits that grow from 0.1 s to 2 s, and end at the timeout."""

    def __init__(self, timeout: float | None, prediction_id: str) -> None:
        self._end = time.monotonic() + timeout if timeout is not None else None
        self._next, self._id = 0.1, prediction_id

    def step(self) -> float:
        left = self._end - time.monotonic() if self._end is not None else self._next
        if left <= 0:
            raise errors.PredictionTimeout(f"{self._id} is still running")
        wait, self._next = min(self._next, left), min(self._next * 1.5, 2.0)
        return wait


class Prediction(_Fields):
    """One call of a model."""

    _transport: Transport = PrivateAttr()

    def bind(self, transport: Transport) -> None:
        self._transport = transport

    def refresh(self) -> Prediction:
        self._take(body_of(self._transport.send(Call("GET", f"/api/v1/predictions/{quote(self.id)}"))))
        return self

    def cancel(self) -> Prediction:
        self._take(body_of(self._transport.send(Call("POST", f"/api/v1/predictions/{quote(self.id)}/cancel"))))
        return self

    def events(self) -> Iterator[Event]:
        """Its steps as they come (status, progress), and at the end the prediction itself."""
        return self._transport.events(Call("GET", f"/api/v1/predictions/{quote(self.id)}/events"))

    def wait(self, *, on_progress: Callable[[Prediction], Any] | None = None,
             timeout: float | None = None) -> Prediction:
        """Returns when it has succeeded. Raises PredictionFailed (failed, canceled) and PredictionTimeout."""
        pace, told = _Pace(timeout, self.id), None
        while True:
            if on_progress is not None and told != self._state:
                told = self._state
                on_progress(self)
            if self.done:
                break
            time.sleep(pace.step())
            self.refresh()
        if self.status != "succeeded":
            raise errors.PredictionFailed(self)
        return self


class AsyncPrediction(_Fields):
    """One call of a model, for event loops."""

    _transport: AsyncTransport = PrivateAttr()

    def bind(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def refresh(self) -> AsyncPrediction:
        self._take(body_of(await self._transport.send(Call("GET", f"/api/v1/predictions/{quote(self.id)}"))))
        return self

    async def cancel(self) -> AsyncPrediction:
        self._take(body_of(await self._transport.send(Call("POST", f"/api/v1/predictions/{quote(self.id)}/cancel"))))
        return self

    def events(self) -> AsyncIterator[Event]:
        """As `Prediction.events`, for ``async for``."""
        return self._transport.events(Call("GET", f"/api/v1/predictions/{quote(self.id)}/events"))

    async def wait(self, *, on_progress: Callable[[AsyncPrediction], Any] | None = None,
                   timeout: float | None = None) -> AsyncPrediction:
        """As `Prediction.wait`."""
        pace, told = _Pace(timeout, self.id), None
        while True:
            if on_progress is not None and told != self._state:
                told = self._state
                on_progress(self)
            if self.done:
                break
            await asyncio.sleep(pace.step())
            await self.refresh()
        if self.status != "succeeded":
            raise errors.PredictionFailed(self)
        return self
