"""Loads, restarts and unloads that a round gave to this member, beside each other; the next round hears how they ended.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from inference_backend.pools.processes import Processes
from inference_backend.pools.residents import Counters
from inference_backend.pools.table import Done, Plan
from inference_backend.triton.control import Control, ControlError

log = logging.getLogger(__name__)

BACKEND_WAIT_S = 15.0  # how long a load waits for a Triton that is being restarted
LOADS_AT_ONCE = 2
MEASURE_AFTER_S = 0.2  # a load; by then its first call is over too


class Changes:
    """What one member is doing to Triton's models. `working`: the models it is at; `done`: what came of others, for
    the next round to take."""

    def __init__(self, control: Control, processes: Processes | None, counters: Counters, *,
                 spawn: Callable[[Awaitable[None]], None], book: Callable[[dict[str, float]], Awaitable[None]],
                 wake: asyncio.Event, clock: Callable[[], float]) -> None:
        """`book` is given the MB of every model's process after loads; `wake` is set when something ended."""
        self._control, self._processes, self._counters = control, processes, counters
        self._spawn, self._book, self._wake, self._clock = spawn, book, wake, clock
        self.working: set[str] = set()
        self.done: list[Done] = []
        self._slots = asyncio.Semaphore(LOADS_AT_ONCE)
        self._measuring = False

    def begin(self, plan: Plan) -> None:
        """Starts what a round decided."""
        for name, fence in plan.load.items():
            self._work(name, self._load(name, fence))
        for name, fence in plan.heal.items():
            self._work(name, self._heal(name, fence, name in plan.kill))
        for name, fence in plan.evict.items():
            self._work(name, self._unload(name, fence))

    def _work(self, name: str, work: Awaitable[None]) -> None:
        self.working.add(name)
        self._spawn(self._worked(name, work))

    async def _worked(self, name: str, work: Awaitable[None]) -> None:
        try:
            await work
        finally:
            self.working.discard(name)
            self._wake.set()

    async def _load(self, name: str, fence: int) -> None:
        async with self._slots:
            began = self._clock()
            try:
                await self._patiently(lambda: self._control.load(name))
            except ControlError as error:
                self._counters.load_failures += 1
                self.done.append(Done(name, fence, "failed", error=f"{name} can't be loaded: {error}"))
                return
        load_ms = (self._clock() - began) * 1000
        self._counters.loads += 1
        self._counters.load_ms += load_ms
        self.done.append(Done(name, fence, "ready", load_ms))
        self._spawn(self._measure())

    async def _patiently(self, change: Callable[[], Awaitable[None]]) -> None:
        """A Triton that is being restarted is waited for."""
        deadline = self._clock() + BACKEND_WAIT_S
        while True:
            try:
                return await change()
            except ControlError as error:
                if not error.unreachable or self._clock() > deadline:
                    raise
                await asyncio.sleep(0.1)

    async def _measure(self) -> None:
        """One look at all processes for many loads."""
        if self._processes is None or self._measuring:
            return
        self._measuring = True
        await asyncio.sleep(MEASURE_AFTER_S)
        self._measuring = False
        measured = await asyncio.to_thread(self._processes.footprints)
        if measured:
            await self._book(measured)

    async def _heal(self, name: str, fence: int, kill: bool) -> None:
        began = self._clock()
        try:
            if kill and self._processes is not None:
                await asyncio.to_thread(self._processes.kill, name)  # one that hangs would outlive its model
            await self._patiently(lambda: self._control.heal(name))
        except ControlError as error:
            self.done.append(Done(name, fence, "failed", error=f"{name} can't be restarted: {error}"))
            return
        self._counters.heals += 1
        log.info("%s has a new process after %.0f ms", name, (self._clock() - began) * 1000)
        self.done.append(Done(name, fence, "ready"))

    async def _unload(self, name: str, fence: int) -> None:
        log.info("unloading %s for room", name)
        self._counters.evictions += 1
        try:
            await self._control.unload(name)
        except ControlError as error:
            if not error.unreachable and await self._still_there(name):
                log.warning("%s did not unload: %s", name, error)
                self.done.append(Done(name, fence, "ready"))
                return
        self.done.append(Done(name, fence, "absent"))

    async def _still_there(self, name: str) -> bool:
        try:
            return name in await self._control.loaded()
        except ControlError:
            return False
