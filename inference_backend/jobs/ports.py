"""What jobs need from above and beside, registered by the composition root. Jobs import no configuration or billing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from kernel.contracts import Grant

Note = Callable[[float, str], Awaitable[None]]  # progress 0 to 1, stage


@dataclass(frozen=True, slots=True)
class Order:
    """One prediction to run: the request as it came, under the grant that admitted it."""

    grant: Grant
    model: str
    version: int | str | None  # a number, an alias, or the route's pick
    content_type: str
    body: bytes
    event_id: UUID  # the id that bills
    source: str  # async | sync


@dataclass(frozen=True, slots=True)
class Completed:
    """A delivered prediction: the output as JSON (media as data URLs) and what it was charged."""

    output: bytes
    usage: dict[str, Any]  # unit, units, cost, currency, compute_ms, queue_ms
    version: int
    variant: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A delivered line of a batch: the endpoint's own answer, and what it was charged in the currency's unit."""

    body: bytes
    cost: Decimal
    currency: str


class Runtime(Protocol):
    """The data plane's path, opened for one event loop: authorise, route, reserve, infer, commit usage, settle."""

    async def run(self, order: Order, note: Note) -> Completed:
        """Raises Problem. A second run of one event id is charged once."""
        ...

    async def line(self, grant: Grant, endpoint: str, body: bytes, event_id: UUID) -> Answered:
        """One line of a batch, its body as JSON. Raises Problem; a second run of one event id is charged once."""
        ...


RuntimeFactory = Callable[[], AbstractAsyncContextManager[Runtime]]

_runtime_factory: RuntimeFactory | None = None
_playground_grant: Callable[[Any], Grant] | None = None
_key_grant: Callable[[Any], Grant] | None = None


def set_runtime_factory(factory: RuntimeFactory) -> None:
    """The worker's runtime: opened in a task's own event loop and closed with it."""
    global _runtime_factory
    _runtime_factory = factory


def open_runtime() -> AbstractAsyncContextManager[Runtime]:
    if _runtime_factory is None:
        raise RuntimeError("no runtime factory is registered: config/wiring.py calls set_runtime_factory")
    return _runtime_factory()


def set_playground_grant(provider: Callable[[Any], Grant]) -> None:
    """How a browser session (its HttpRequest) becomes a grant of its organization. Raises Problem."""
    global _playground_grant
    _playground_grant = provider


def set_key_grant(provider: Callable[[Any], Grant]) -> None:
    """How an API key (the `auth` of a request) becomes its grant."""
    global _key_grant
    _key_grant = provider


def key_grant(key: Any) -> Grant:
    if _key_grant is None:
        raise RuntimeError("no key grant is registered: config/wiring.py calls set_key_grant")
    return _key_grant(key)


def playground_grant(request: Any) -> Grant:
    if _playground_grant is None:
        raise RuntimeError("no playground grant is registered: config/wiring.py calls set_playground_grant")
    return _playground_grant(request)
