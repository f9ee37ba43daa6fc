"""A prediction as its caller sees it: state, output by attribute, exact cost, and waiting for its end."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, Self, TypeVar

from pydantic import Field, PrivateAttr

from tessera import errors
from tessera._base import APIModel, AsyncSender, Call, Pause, Sender, Steps, _adapter, body_of, quote
from tessera.events import Event
from tessera.record import Record, record

OutT = TypeVar("OutT")
ENDED = frozenset({"succeeded", "failed", "canceled"})


class Usage(APIModel):
    """What was delivered, and its price before included units and tiers."""

    unit: str
    units: int
    cost: Decimal
    currency: str = ""
    compute_ms: float | None = None
    queue_ms: float | None = None


class Failure(APIModel):
    """Why a prediction failed."""

    code: str
    detail: str = ""


class _Fields(APIModel, Generic[OutT]):
    id: str
    model: str
    status: str
    version: int | None = None
    variant: str | None = None
    progress: float | None = None
    stage: str | None = None
    # Any at run time: a prediction that has not ended has none, and one that failed neither.
    output: OutT = Field(default=None)  # type: ignore[assignment]
    error: Failure | None = None
    warnings: list[str] = Field(default_factory=list)
    usage: Usage | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    expires_at: datetime | None = None
    _returns: Any = PrivateAttr(default=None)

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not. A status that is newer than this package counts as still running."""
        return self.status in ENDED

    @property
    def _state(self) -> tuple[str, float | None, str | None]:
        return self.status, self.progress, self.stage

    def typed(self, returns: Any) -> Self:
        """The same prediction, its output as the type that was asked for: a class of `tessera.results`, or anything
        that pydantic can fill (a model, a dataclass, a TypedDict)."""
        self._returns = returns
        self._shape()
        return self

    def _shape(self) -> None:
        if self.output is None or self.status != "succeeded":
            return
        output: Any = self.output
        if self._returns is None:
            self.output = record(output)
        elif isinstance(self._returns, type) and issubclass(self._returns, Record):
            self.output = self._returns(record(output))  # type: ignore[assignment]
        else:
            self.output = _adapter(self._returns).validate_python(output)

    def _take(self, data: dict[str, Any]) -> None:
        fresh = type(self).model_validate(data)
        for name in type(self).model_fields:
            setattr(self, name, getattr(fresh, name))
        self._shape()

    def _path(self, action: str = "") -> str:
        return f"/api/v1/predictions/{quote(self.id)}{action}"

    def _refreshing(self, call: Call) -> Steps[None]:
        response = yield call
        self._take(body_of(response))
        self._response = response

    def _waiting(self, on_progress: Callable[[Any], Any] | None, timeout: float | None) -> Steps[None]:
        """Asks again after 0.1 s, and then ever more rarely up to 2 s, to the end or the timeout."""
        end = time.monotonic() + timeout if timeout is not None else None
        pause, told = 0.1, None
        while True:
            if on_progress is not None and told != self._state:
                told = self._state
                on_progress(self)
            if self.done:
                break
            left = end - time.monotonic() if end is not None else pause
            if left <= 0:
                raise errors.PredictionTimeout(f"{self.id} is still running")
            yield Pause(min(pause, left))
            pause = min(pause * 1.5, 2.0)
            yield from self._refreshing(Call("GET", self._path()))
        if self.status != "succeeded":
            raise errors.PredictionFailed(self)


class Prediction(_Fields[OutT], Generic[OutT]):
    """One call of a model."""

    _transport: Sender = PrivateAttr()

    def bind(self, transport: Sender) -> None:
        self._transport = transport
        self._shape()

    def refresh(self) -> Prediction[OutT]:
        """Asks for its present state."""
        self._transport.drive(self._refreshing(Call("GET", self._path())))
        return self

    def cancel(self) -> Prediction[OutT]:
        """Stops it. What has not answered yet costs nothing."""
        self._transport.drive(self._refreshing(Call("POST", self._path("/cancel"))))
        return self

    def events(self) -> Iterator[Event]:
        """Its steps as they come (status, progress), and at the end the prediction itself."""
        return self._transport.events(Call("GET", self._path("/events")))

    def wait(self, on_progress: Callable[[Prediction[OutT]], Any] | None = None, *,
             timeout: float | None = None) -> Prediction[OutT]:
        """Returns when it has succeeded. Raises PredictionFailed (failed, canceled) and PredictionTimeout."""
        self._transport.drive(self._waiting(on_progress, timeout))
        return self


class AsyncPrediction(_Fields[OutT], Generic[OutT]):
    """One call of a model, for event loops."""

    _transport: AsyncSender = PrivateAttr()

    def bind(self, transport: AsyncSender) -> None:
        self._transport = transport
        self._shape()

    async def refresh(self) -> AsyncPrediction[OutT]:
        """As `Prediction.refresh`."""
        await self._transport.drive(self._refreshing(Call("GET", self._path())))
        return self

    async def cancel(self) -> AsyncPrediction[OutT]:
        """As `Prediction.cancel`."""
        await self._transport.drive(self._refreshing(Call("POST", self._path("/cancel"))))
        return self

    def events(self) -> AsyncIterator[Event]:
        """As `Prediction.events`, for ``async for``."""
        return self._transport.events(Call("GET", self._path("/events")))

    async def wait(self, on_progress: Callable[[AsyncPrediction[OutT]], Any] | None = None, *,
                   timeout: float | None = None) -> AsyncPrediction[OutT]:
        """As `Prediction.wait`."""
        await self._transport.drive(self._waiting(on_progress, timeout))
        return self
