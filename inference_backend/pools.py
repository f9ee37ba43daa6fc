"""Which models sit in memory: hot ones stay, warm ones are loaded on first use and make room for each other.

A call leases the models that it needs: it waits for a load instead of failing, many callers share one load, and
what is leased is never put out. Under pressure the model goes first that saves the least waiting for its memory:
request rate × load time ÷ memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from inference_backend.triton.control import Control, ControlError
from kernel.contracts import Route
from kernel.problems import Problem

log = logging.getLogger(__name__)

NET_MB = 40  # a small net with its own process
HOST_MB = 250  # the libraries of one family
RATE_HALF_LIFE_S = 300.0
ROOM_TIMEOUT_S = 20.0


@dataclass(slots=True)
class Resident:
    """What is known of one Triton model."""

    name: str
    memory_mb: int
    pinned: bool = False
    ready: bool = False
    leases: int = 0
    load_ms: float = 100.0
    rate: float = 0.0
    used_at: float = 0.0
    loading: asyncio.Task[None] | None = field(default=None, repr=False)

    def touch(self, now: float) -> None:
        self.rate = self._decayed(now) + 1.0
        self.used_at = now

    def worth(self, now: float) -> float:
        """Milliseconds of waiting that keeping a megabyte of it saves, by recent demand."""
        return self._decayed(now) * self.load_ms / max(self.memory_mb, 1)

    def _decayed(self, now: float) -> float:
        return self.rate * math.exp2(-(now - self.used_at) / RATE_HALF_LIFE_S)


def host_model(route: Route) -> str:
    """The Triton model that runs the route's capability."""
    return route.host if route.host.startswith("host-") else f"host-{route.host}"


def models_of(route: Route, *, tensors: bool) -> dict[str, int]:
    """The Triton models that a call needs, each with its memory in MB."""
    if tensors and route.runtime == "onnx":
        return {route.model: route.memory_mb}
    return {**dict.fromkeys(route.nets, NET_MB), host_model(route): HOST_MB}


class Pools:
    """One per process and event loop. Other processes may load and unload too: a call that finds its model gone
    says so with `forget` and tries again."""

    def __init__(self, control: Control, *, memory_mb: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._control = control
        self._budget = memory_mb
        self._clock = clock
        self._models: dict[str, Resident] = {}
        self._room = asyncio.Condition()
        self._healing: dict[str, asyncio.Task[None]] = {}

    async def sync(self) -> None:
        """Takes over what Triton holds already; for start, and after Triton was restarted."""
        loaded = await self._control.loaded()
        for name in loaded:
            self._resident(name, HOST_MB if name.startswith("host-") else NET_MB).ready = True
        for model in self._models.values():
            if model.name not in loaded and model.loading is None:
                model.ready = False

    async def pin(self, routes: Sequence[Route]) -> None:
        """Loads the hot routes and keeps them."""
        for route in routes:
            if route.pool != "hot":
                continue
            for name, memory in {**models_of(route, tensors=True), **models_of(route, tensors=False)}.items():
                self._resident(name, memory).pinned = True
            with contextlib.suppress(Problem):
                await self.ensure(route)

    async def ensure(self, route: Route, *, tensors: bool = False) -> float:
        """Loads what a call of this route needs; the milliseconds that took (0.0 when all was there)."""
        async with self.lease(route, tensors=tensors) as load_ms:
            return load_ms

    @contextlib.asynccontextmanager
    async def lease(self, route: Route, *, tensors: bool = False) -> AsyncIterator[float]:
        """Holds the route's models in memory for the length of a call; gives the milliseconds spent on loading.

        Raises model_not_ready with Triton's reason, or overloaded where all memory is in use by calls in flight.
        """
        needed = [self._resident(name, memory) for name, memory in models_of(route, tensors=tensors).items()]
        now = self._clock()
        for model in needed:
            model.leases += 1
            model.touch(now)
        try:
            missing = [model for model in needed if not model.ready]
            if not missing:
                yield 0.0
            else:
                started = self._clock()
                for model in missing:  # in order: the nets stand before the host that calls them
                    await self._load_once(model)
                yield (self._clock() - started) * 1000
        finally:
            for model in needed:
                model.leases -= 1
            if self._over_budget():
                async with self._room:
                    self._room.notify_all()

    def forget(self, route: Route, *, tensors: bool = False) -> None:
        """Triton says that a model of this route is not there: load it again on the next lease."""
        for name in models_of(route, tensors=tensors):
            if name in self._models:
                self._models[name].ready = False

    async def heal(self, name: str) -> None:
        """Gives a model whose process died a new one; callers that ask at the same time share it."""
        task = self._healing.get(name)
        if task is None:
            task = asyncio.create_task(self._control.heal(name))
            self._healing[name] = task
            task.add_done_callback(lambda _: self._healing.pop(name, None))
        try:
            await asyncio.shield(task)
        except ControlError as error:
            raise Problem("model_not_ready", f"the model could not be restarted: {error}") from error

    def state(self) -> list[Resident]:
        """What is in memory, for metrics and tests."""
        return [model for model in self._models.values() if model.ready]

    @property
    def used_mb(self) -> int:
        return sum(model.memory_mb for model in self._models.values() if model.ready or model.loading)

    def _over_budget(self) -> bool:
        return self.used_mb >= self._budget or self._room.locked()

    def _resident(self, name: str, memory_mb: int) -> Resident:
        model = self._models.get(name)
        if model is None:
            model = self._models[name] = Resident(name, memory_mb, used_at=self._clock())
        return model

    async def _load_once(self, model: Resident) -> None:
        """Joins a load that runs, or starts one. A caller that goes away doesn't stop it for the others."""
        if model.ready:
            return
        if model.loading is None:
            model.loading = asyncio.create_task(self._load(model))
            model.loading.add_done_callback(lambda task: None if task.cancelled() else task.exception())
        try:
            await asyncio.shield(model.loading)
        except ControlError as error:
            raise Problem("model_not_ready", f"{model.name} can't be loaded: {error}",
                          headers={"Retry-After": "5"}) from error

    async def _load(self, model: Resident) -> None:
        try:
            await self._make_room(model)
            started = self._clock()
            await self._control.load(model.name)
            model.load_ms = max((self._clock() - started) * 1000, 1.0)
            model.ready = True
        finally:
            model.loading = None

    async def _make_room(self, model: Resident) -> None:
        """Puts out the least worthy idle models until `model` fits; waits where all others are in flight."""
        deadline = self._clock() + ROOM_TIMEOUT_S
        async with self._room:
            while self.used_mb > self._budget:  # `model` counts already, by its load
                now = self._clock()
                idle = [other for other in self._models.values()
                        if other.ready and not other.leases and not other.pinned and other is not model]
                if idle:
                    await self._evict(min(idle, key=lambda other: other.worth(now)))
                    continue
                if not any(other.leases for other in self._models.values() if other is not model and other.ready):
                    return  # larger than the whole budget, or only pinned ones beside it: let Triton try
                try:
                    await asyncio.wait_for(self._room.wait(), max(deadline - now, 0.01))
                except TimeoutError:
                    raise Problem("overloaded", "all model memory is in use by calls in flight",
                                  headers={"Retry-After": "5"}) from None

    async def _evict(self, model: Resident) -> None:
        model.ready = False
        log.info("unloading %s for room", model.name)
        try:
            await self._control.unload(model.name)
        except ControlError as error:
            log.warning("%s did not unload: %s", model.name, error)
