"""Spans of a call: a port that costs next to nothing while nobody listens.

The composition root installs a tracer (OpenTelemetry) where an address for traces is set. A trace has the id of the
request that began it, so that the request id in an error is the way to its trace; W3C's `traceparent` carries it on,
over jobs and to the model server. Attributes are numbers, names of models and codes: never keys, never payloads.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol


class Span(Protocol):
    """A stretch of work that is being measured."""

    def note(self, name: str, value: str | int | float) -> None:
        """Adds an attribute."""


class Tracer(Protocol):
    """Where spans go."""

    def span(self, name: str, *, trace: str, parent: str,
             attributes: dict[str, str | int | float]) -> AbstractContextManager[Span]: ...

    def current(self) -> str:
        """The `traceparent` of the innermost span; "" outside of any."""
        ...


class _Nothing:
    """The span while nobody listens: one object for all."""

    def note(self, name: str, value: str | int | float) -> None:
        """Goes nowhere."""

    def __enter__(self) -> _Nothing:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        return None


_NOTHING = _Nothing()
_tracer: Tracer | None = None


def use(tracer: Tracer | None) -> None:
    """Installs where spans go; None: nowhere."""
    global _tracer
    _tracer = tracer


def span(name: str, *, trace: str = "", parent: str = "",
         **attributes: str | int | float) -> AbstractContextManager[Span]:
    """A span around a `with` block, inside of the current one.

    `parent` is a `traceparent` from outside, which it goes on from instead; `trace` names the trace that begins here
    where there is neither (an id that ends in 32 hexadecimal digits, such as ``req_…``).
    """
    if _tracer is None:
        return _NOTHING
    return _tracer.span(name, trace=trace, parent=parent, attributes=attributes)


def current() -> str:
    """The `traceparent` to hand on; "" where nothing is traced."""
    return "" if _tracer is None else _tracer.current()
