"""What one process knows of the models in the pool, and which models a call needs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING

from inference_backend.pools.store import View
from inference_backend.pools.table import MEMBER_TTL_S, Want
from kernel.contracts import Route

if TYPE_CHECKING:
    from inference_backend.pools.residency import Pools

NET_MB = 40  # a small net with its own process, before it is measured
HOST_MB = 250  # the libraries of one family, before they are measured
STOOD_STILL_S = 2.0  # a member that lives posts every second
OWN_HOST_MB = 80  # the steps around one provider's net


@dataclass(slots=True)
class Resident:
    """What this process knows of one Triton model."""

    name: str
    memory_mb: int = NET_MB
    fence: int = 0  # of the copy that is held
    in_flight: int = 0
    claims: int = 0  # waiting calls that keep this while the rest of what they need is being loaded
    calls: int = 0
    counted: int = 0  # calls that the rate has in it
    rate: float = 0.0
    used_at: float = 0.0
    asked: bool = False  # another call needs the room: let go after the last call in flight


class Pardon:
    """How long others may have been silent and still count as alive.

    Whoever stood still itself (a machine that was suspended or starved of its disk) finds everybody's posts old, though
    they stood still too, with calls in flight on what they hold. It judges by their silence up to the moment when it
    stood still, until they have had the time to speak again."""

    def __init__(self) -> None:
        self._until = 0.0
        self._gap_s = 0.0

    def ttl_s(self, view: View, me: str) -> float:
        own = view.posts.get(me)
        gap_s = view.now - own.at if own is not None else 0.0
        if gap_s > STOOD_STILL_S:
            self._gap_s = max(gap_s, self._gap_s if view.now < self._until else 0.0)
            self._until = view.now + MEMBER_TTL_S
        return MEMBER_TTL_S + (self._gap_s if view.now < self._until else 0.0)


Refusal = tuple[str, str]  # problem code, reason


@dataclass(slots=True)
class Waiting:
    """Callers of this process that need the same models."""

    want: Want
    callers: list[asyncio.Future[list[Resident] | Refusal]] = field(default_factory=list)
    background: bool = False  # nobody waits for it, and it is to be done nevertheless


@dataclass(slots=True)
class Counters:
    """Since this process started; read at a scrape."""

    cold_starts: int = 0
    loads: int = 0
    load_ms: float = 0.0
    load_failures: int = 0
    evictions: int = 0
    heals: int = 0
    rounds: int = 0
    conflicts: int = 0


class Use:
    """`async with pools.use(needs) as load_ms`: the models stay for the length of the block."""

    __slots__ = ("_deadline_s", "_needs", "_pools", "_taken")

    def __init__(self, pools: Pools, needs: Mapping[str, int], deadline_s: float) -> None:
        self._pools, self._needs, self._deadline_s = pools, needs, deadline_s
        self._taken: list[Resident] | None = None

    async def __aenter__(self) -> float:
        self._taken = self._pools.take(self._needs)
        if self._taken is not None:
            return 0.0
        self._taken, load_ms = await self._pools.bring(self._needs, self._deadline_s)
        return load_ms

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        if self._taken is not None:
            self._pools.give(self._taken)


def host_model(route: Route, version: int | None = None) -> str:
    """The Triton model that runs the route's capability; of a provider's model, this version's (the first target's)."""
    host = route.host if route.host.startswith("host-") else f"host-{route.host}"
    return of_version(host, version or route.targets[0].version) if route.own_host else host


def net_model(route: Route, version: int | None = None) -> str:
    """The Triton model that takes the route's tensors. A provider's versions are models of their own, so that one can
    come, go and crash without the others."""
    return of_version(route.model, version or route.targets[0].version) if route.own_host else route.model


def of_version(model: str, version: int) -> str:
    """The Triton model of one version of a provider's model."""
    return f"{model}.v{version}"


def models_of(route: Route, *, tensors: bool, version: int | None = None) -> dict[str, int]:
    """The Triton models that a call needs, each with its memory in MB as declared."""
    if route.own_host:
        net = {net_model(route, version): route.memory_mb}
        return net if tensors else {**net, host_model(route, version): OWN_HOST_MB}
    if tensors and route.runtime == "onnx":
        return {route.model: route.memory_mb}
    return {**dict.fromkeys(route.nets, NET_MB), host_model(route): HOST_MB}


def guess(name: str) -> int:
    """The memory of a model that nobody has declared or measured."""
    return HOST_MB if name.startswith("host-") else NET_MB
