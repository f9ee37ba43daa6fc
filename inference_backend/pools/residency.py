"""Which models sit in memory: one authority over one Triton, across all processes that call it.

A call *takes* the models that it needs and *gives* them back. For a model that this process holds already that is a
look-up and a count, without a wait and without Redis. Everything else (loading, making room, healing) goes through the
shared table: one agent per process brings all wants of its callers to it in one round, and does what the round decided.
Callers wait for a load instead of failing, share it with callers of every other process, and nothing that is in flight
is put out.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inference_backend.pools.processes import Processes, default_budget_mb
from inference_backend.pools.residents import Counters, Resident, Use, guess, models_of
from inference_backend.pools.store import Event, MemoryStore, Store, StoreError
from inference_backend.pools.table import Done, Hold, Pin, Plan, Post, Round, Want, adopt, book, decayed
from inference_backend.triton.control import Control, ControlError
from kernel.contracts import Route
from kernel.problems import Problem

log = logging.getLogger(__name__)

LOAD_WAIT_S = 60.0  # a caller's patience with a load and with the room for it
BACKEND_WAIT_S = 15.0  # how long a load waits for a Triton that is being restarted
LOADS_AT_ONCE = 2
RESERVE = 0.97  # of the budget is given away: a model takes a little more after its first calls
MEASURE_AFTER_S = 0.2  # a load; by then its first call is over too
BEAT_S = 1.0
ASK_EVERY_S = 0.1
GATHER_S = 0.005  # announcements come in crowds
POLL_S = 0.25  # a lost announcement costs no more
ABANDONED_S = 1.0  # how long a copy may go on with a cancelled job, and how long it then has to answer a probe
CLAIM_S = 3.0  # how long a waiting caller of several models keeps those that are there


@dataclass(slots=True)
class _Waiting:
    want: Want
    future: asyncio.Future[tuple[str, str] | None]
    background: bool = False  # nobody waits for it, and it is to be done nevertheless
    for_room: bool = True


class Pools:
    """One member of the pool: one per event loop."""

    def __init__(self, control: Control, *, memory_mb: int = 0, store: Store | None = None,
                 processes: Processes | None = None, label: str = "",
                 clock: Callable[[], float] = time.monotonic) -> None:
        self.control = control
        self.budget_mb = memory_mb or default_budget_mb()
        self.store: Store = store or MemoryStore()
        self.processes = processes
        self.prober: Any = None  # set by open_pools: see `probe`
        self._duties: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self.me = secrets.token_hex(6)
        self.counters = Counters()
        self._label = f"{label or 'process'}:{os.getpid()}"
        self._clock = clock
        self._offset: float | None = None  # the store's clock minus ours
        self._models: dict[str, Resident] = {}
        self._here: dict[str, Resident] = {}  # held and usable: the fast path reads nothing else
        self._needs: dict[tuple[str, bool], tuple[Route, dict[str, int]]] = {}
        self._faults: dict[str, tuple[str, int]] = {}
        self._wants: dict[str, _Waiting] = {}
        self._working: set[str] = set()
        self._done: list[Done] = []
        self._asked: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._table_lock = asyncio.Lock()
        self._slots = asyncio.Semaphore(LOADS_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._service: list[asyncio.Task[None]] = []
        self._let_go = False
        self._queued = False  # the table says that this member waits for room
        self._heard = False
        self._measuring = False

    # ------------------------------------------------------------ the hot path

    def needs(self, route: Route, *, tensors: bool) -> dict[str, int]:
        """`models_of`, remembered for as long as the route object lives on."""
        known = self._needs.get((route.model, tensors))
        if known is not None and known[0] is route:
            return known[1]
        needs = models_of(route, tensors=tensors)
        self._needs[route.model, tensors] = (route, needs)
        return needs

    def take(self, needs: Iterable[str]) -> list[Resident] | None:
        """Holds the models if every one of them is here; no wait. Each success is to be given back."""
        here = self._here
        taken = []
        for name in needs:
            resident = here.get(name)
            if resident is None:
                return None
            taken.append(resident)
        for resident in taken:
            resident.in_flight += 1
            resident.calls += 1
        return taken

    def give(self, taken: Sequence[Resident]) -> None:
        """Ends the use that `take` or `bring` began."""
        for resident in taken:
            resident.in_flight -= 1
            if resident.asked and not resident.in_flight:
                self._release(resident)

    def use(self, needs: Mapping[str, int], deadline_s: float = LOAD_WAIT_S) -> Use:
        """Triton model → declared MB. Gives the milliseconds spent on waiting for loads, 0.0 where all was here.

        Raises model_not_ready with Triton's reason, model_quarantined, or overloaded where all memory is in use by
        calls in flight for `deadline_s` seconds.
        """
        return Use(self, needs, deadline_s)

    def lease(self, route: Route, *, tensors: bool = False, deadline_s: float = LOAD_WAIT_S) -> Use:
        """`use` of what a call of this route needs."""
        return Use(self, self.needs(route, tensors=tensors), deadline_s)

    async def ensure(self, route: Route, *, tensors: bool = False) -> float:
        """Loads what a call of this route needs; the milliseconds that took (0.0 when all was there)."""
        async with self.lease(route, tensors=tensors) as load_ms:
            return load_ms

    def fence(self, name: str) -> int:
        """The copy of a model that this process uses; 0 for none."""
        resident = self._here.get(name)
        return resident.fence if resident is not None else 0

    # ------------------------------------------------------------ the cold path

    async def bring(self, needs: Mapping[str, int], deadline_s: float = LOAD_WAIT_S) -> tuple[list[Resident], float]:
        """`take` that waits: asks for what is missing until all is here at once. Raises as `use` does."""
        began = self._clock()
        claimed = [self._resident(name, memory) for name, memory in needs.items()]
        for resident in claimed:
            resident.claims += 1
        self.counters.cold_starts += 1
        try:
            while True:
                taken = self.take(needs)
                if taken is not None:
                    return taken, max((self._clock() - began) * 1000, 0.001)
                waiting = [self._want(r).future for r in claimed if r.name not in self._here]
                await asyncio.wait(waiting, timeout=max(deadline_s - (self._clock() - began), 0.0))
                for future in waiting:
                    if future.done() and not future.cancelled() and (refusal := future.result()) is not None:
                        raise Problem(refusal[0], refusal[1], headers={"Retry-After": "5"})
                if self._clock() - began >= deadline_s:
                    missing = [self._wants[r.name] for r in claimed if r.name in self._wants]
                    if missing and all(waiting.for_room for waiting in missing):
                        raise Problem("overloaded", "all model memory is in use by calls in flight",
                                      headers={"Retry-After": "5"})
                    raise Problem("model_not_ready", "the model is still being loaded", headers={"Retry-After": "2"})
        finally:
            for resident in claimed:
                resident.claims -= 1

    def forget(self, route: Route, *, tensors: bool = False) -> None:
        """Triton says that a model of this route is not there: the next use asks for it anew."""
        for name in self.needs(route, tensors=tensors):
            self.forget_model(name)

    def forget_model(self, name: str) -> None:
        resident = self._here.pop(name, None)
        if resident is not None:
            self._faults[name] = ("gone", resident.fence)

    async def heal(self, name: str) -> None:
        """Gives a model whose process died a new one; callers in all processes share the work."""
        self.report_dead(name)
        waiting = self._want(self._resident(name, guess(name)), background=True)
        refusal = await asyncio.shield(waiting.future)
        if refusal is not None:
            raise Problem(refusal[0], f"the model could not be restarted: {refusal[1]}")

    def report_dead(self, name: str, fence: int = 0) -> None:
        """The process behind a model is gone."""
        resident = self._here.pop(name, None)
        known = fence or (resident.fence if resident is not None else 0)
        if known:
            self._faults[name] = ("dead", known)

    def want(self, name: str, memory_mb: int = 0) -> None:
        """Loads a model with nobody waiting for it."""
        self._want(self._resident(name, memory_mb or guess(name)), background=True)

    def late(self, name: str, deadline_s: float) -> None:
        """A call of this model missed its deadline. At twice the deadline the model is probed; a copy that does not
        answer then is replaced."""
        fence = self.fence(name)
        if fence and self.prober is not None:
            self.spawn(self._check_late(name, fence, deadline_s))

    async def _check_late(self, name: str, fence: int, deadline_s: float) -> None:
        await asyncio.sleep(deadline_s)
        if self.fence(name) != fence or await self.prober.model(name, min(max(deadline_s, 0.5), 5.0)):
            return
        replaced: list[bool] = []
        plan = await self.transact(lambda turn: replaced.append(turn.strike(name, fence)))
        if plan.heal:
            log.warning("%s did not answer in twice its deadline: it is replaced", name)

    def abandoned(self, name: str, version: int | None = None) -> None:
        """A job was cancelled while this model ran for it. Triton can't stop an inference: a copy that is busy with it
        still after ABANDONED_S, and with no other call of this process, is replaced. That is nobody's fault and counts
        as no strike. (Not for callers that merely hang up: theirs may be queued behind somebody's long call.)"""
        fence = self.fence(name)
        if fence and self.prober is not None:
            self.spawn(self._check_abandoned(name, version, fence))

    async def _check_abandoned(self, name: str, version: int | None, fence: int) -> None:
        await asyncio.sleep(ABANDONED_S)
        resident = self._here.get(name)
        if self.fence(name) != fence or resident is None or resident.in_flight:
            return
        if not await self.prober.model(name, ABANDONED_S, version=version) and not resident.in_flight:
            replaced: list[bool] = []
            await self.transact(lambda turn: replaced.append(turn.replace(name, fence)))
            log.info("%s was busy with a call that nobody waits for: it is replaced", name)

    def _resident(self, name: str, memory_mb: int) -> Resident:
        resident = self._models.get(name)
        if resident is None:
            resident = self._models[name] = Resident(name, memory_mb)
        return resident

    def _want(self, resident: Resident, *, background: bool = False) -> _Waiting:
        waiting = self._wants.get(resident.name)
        if waiting is None:
            self.start()
            future: asyncio.Future[tuple[str, str] | None] = asyncio.get_running_loop().create_future()
            want = Want(resident.name, resident.memory_mb, 0.0)
            waiting = self._wants[resident.name] = _Waiting(want, future)
            self._wake.set()
        waiting.background |= background
        return waiting

    def _release(self, resident: Resident) -> None:
        """Lets go of a model that another member wants the room of."""
        resident.asked = False
        if self._here.pop(resident.name, None) is not None:
            self._let_go = True
            self._wake.set()

    # ------------------------------------------------------------ life

    def start(self) -> None:
        """Starts the agent; the first want does it too. A second call changes nothing."""
        if not self._service:
            loop = asyncio.get_running_loop()
            self._service = [loop.create_task(self._agent()), loop.create_task(self._beat()),
                             loop.create_task(self._listen()), *(loop.create_task(duty()) for duty in self._duties)]

    def serve_with(self, duty: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """A further task for as long as this member lives; to be given before `start`."""
        self._duties.append(duty)

    async def probe(self, route: Route) -> bool:
        """Whether a call of this route would be answered now: a real inference, remembered for a few seconds."""
        return bool(await self.prober.route(self, route))

    async def close(self) -> None:
        """Leaves the pool: what only this member held is free for the others."""
        for task in (*self._service, *self._tasks):
            task.cancel()
        await asyncio.gather(*self._service, *self._tasks, return_exceptions=True)
        self._service.clear()
        self._here.clear()
        with contextlib.suppress(StoreError):
            await self.store.leave(self.me)

    async def sync(self) -> None:
        """Takes over what Triton holds already; for start, and after Triton was restarted."""
        loaded = await self.control.loaded()
        self.start()
        await self.transact(lambda turn: adopt(turn, loaded, guess))

    async def pin(self, routes: Sequence[Route]) -> None:
        """Loads the hot routes and keeps them. A person's decision on a model overrules the policy."""
        hot: dict[str, int] = {}
        for route in routes:
            if route.pool == "hot":
                hot |= models_of(route, tensors=True) | models_of(route, tensors=False)

        def mark(turn: Round) -> None:
            for name in hot:
                if name not in turn.table.pins:
                    turn.table.pins[name] = Pin("policy", turn.now)
                    turn.plan.changed = True
            for name, pin in tuple(turn.table.pins.items()):
                if pin.by == "policy" and name not in hot:
                    del turn.table.pins[name]
                    turn.plan.changed = True

        await self.transact(mark)
        for route in routes:
            if route.pool == "hot":
                with contextlib.suppress(Problem):
                    await self.ensure(route)

    def state(self) -> list[Resident]:
        """What this process holds, for metrics and tests."""
        return list(self._here.values())

    # ------------------------------------------------------------ the agent

    async def _agent(self) -> None:
        while True:
            pause = POLL_S if self._wants else None
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)
            if self._heard:
                await asyncio.sleep(GATHER_S)
            self._heard = False
            self._wake.clear()
            try:
                await self._turn()
            except StoreError as error:
                log.warning("the pool's table can't be reached: %s", error)
                await asyncio.sleep(POLL_S)
            except Exception:
                log.exception("the pool's agent failed in a round")
                await asyncio.sleep(POLL_S)

    async def _turn(self) -> None:
        for name, waiting in tuple(self._wants.items()):
            if name in self._here:
                self._settle(name, None)
            elif not waiting.background and not self._models[name].claims and name not in self._working:
                self._settle(name, None)  # everybody has left
        let_go, self._let_go = self._let_go, False
        if self._wants or self._done or self._queued:
            await self.transact(self._serve)
        if let_go:  # whoever asked for the room looks again
            await self._publish({"by": self.me, "news": True})

    def _serve(self, turn: Round) -> None:
        turn.resume(self._wants)
        wants = []
        for name, waiting in self._wants.items():
            if not waiting.want.since:
                waiting.want = Want(name, waiting.want.guess_mb, turn.now)
            fault, fence = self._faults.get(name, ("", 0))
            wants.append(Want(name, waiting.want.guess_mb, waiting.want.since, fault, fence))  # type: ignore[arg-type]
        for name, (member, _) in tuple(turn.table.queue.items()):
            if member == self.me and name not in self._wants:
                del turn.table.queue[name]
                turn.plan.changed = True
        turn.serve(wants)
        self._queued = any(member == self.me for member, _ in turn.table.queue.values())

    async def transact(self, decide: Callable[[Round], object]) -> Plan:
        """One round at the shared table, repeated until nobody was faster; then its plan is under way."""
        async with self._table_lock:
            for attempt in itertools.count():
                view = await self.store.read()
                self._offset = view.now - self._clock()
                self.counters.rounds += 1
                idle = [name for name, r in self._here.items() if self._idle(r)]
                turn = Round(view.table, {**view.posts, self.me: self._post()}, self.me, view.now,
                             self.budget_mb * RESERVE, idle, self._working)
                done = len(self._done)
                turn.end(self._done)
                decide(turn)
                plan = turn.plan
                blocked = {name: self._here.pop(name) for name in (*plan.evict, *plan.gone) if name in self._here}
                event: Event = {"by": self.me, "ask": self._due(plan.ask), "gone": plan.gone, "news": plan.news}
                try:
                    if plan.changed:
                        written = await self.store.write(view.version, view.table, self.me,
                                                         self._post(plan.ready), event)
                    else:
                        written = True
                        if event["ask"]:
                            await self.store.post(self.me, self._post(), event)
                except BaseException:
                    self._here.update(blocked)
                    raise
                if written:
                    del self._done[:done]
                    self._carry_out(plan)
                    return plan
                self._here.update(blocked)
                self.counters.conflicts += 1
                await asyncio.sleep(random.random() * 0.002 * min(attempt + 1, 10))
        raise AssertionError("the loop has no other end")

    async def _publish(self, event: Event | None = None) -> None:
        """Says what this member holds, outside of a round. Never beside one: an older post that arrives later would
        let go of what the round has taken."""
        async with self._table_lock:
            await self.store.post(self.me, self._post(), event)

    def _idle(self, resident: Resident) -> bool:
        """Nothing in flight, and nobody who waits for it together with others (for a while)."""
        return not resident.in_flight and not (
            resident.claims and self._clock() - resident.held_at < CLAIM_S)

    def _carry_out(self, plan: Plan) -> None:
        for name, fence in plan.ready.items():
            resident = self._resident(name, guess(name))
            resident.fence, resident.asked, resident.held_at = fence, False, self._clock()
            self._here[name] = resident
            self._faults.pop(name, None)
            self._settle(name, None)
        for name, refusal in plan.refuse.items():
            self._settle(name, refusal)
        for name, fence in plan.load.items():
            self._work(name, self._load(name, fence))
        for name, fence in plan.heal.items():
            self._work(name, self._heal(name, fence, name in plan.kill))
        for name, fence in plan.evict.items():
            self._work(name, self._unload(name, fence))

    def _settle(self, name: str, refusal: tuple[str, str] | None) -> None:
        waiting = self._wants.pop(name, None)
        if waiting is not None and not waiting.future.done():
            waiting.future.set_result(refusal)

    def _post(self, taking: Mapping[str, int] = {}) -> Post:
        """What this member holds now, and what it is about to hold."""
        now = self._clock() + (self._offset or 0.0)
        holds = {}
        for name in {*self._here, *taking}:
            resident = self._resident(name, guess(name))
            fresh = resident.calls - resident.counted
            if fresh:
                resident.rate = decayed(resident.rate, now - resident.used_at) + fresh
                resident.counted, resident.used_at = resident.calls, now
            holds[name] = Hold(resident.in_flight + resident.claims, resident.rate, resident.used_at)
        return Post(self._label, now, holds)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                if self._offset is None:
                    self._offset = (await self.store.read()).now - self._clock()
                await self._publish()
            except StoreError as error:
                log.warning("the pool's table can't be reached: %s", error)

    async def _listen(self) -> None:
        while True:
            try:
                async for event in self.store.events():
                    if event.get("by") != self.me:
                        self._hear(event)
            except StoreError as error:
                log.warning("the pool's announcements are interrupted: %s", error)
            await asyncio.sleep(POLL_S)

    def _hear(self, event: Event) -> None:
        for name in event.get("gone", ()):
            self._here.pop(name, None)
        for name in event.get("ask", ()):
            resident = self._here.get(name)
            if resident is not None:
                if self._idle(resident):
                    self._release(resident)
                else:
                    resident.asked = True
        for name in event.get("evict", ()):
            self.spawn(self._evict(name, str(event["by"])))
        if self._wants and event.get("news"):
            self._heard = True
            self._wake.set()

    def _due(self, models: Sequence[str]) -> list[str]:
        """Those whose holders were not asked just now."""
        now = self._clock()
        due = [name for name in models if now - self._asked.get(name, -ASK_EVERY_S) >= ASK_EVERY_S]
        self._asked.update(dict.fromkeys(due, now))
        return due

    async def _evict(self, name: str, by: str) -> None:
        """A person wants a model out: whoever is the warden does it, once nobody holds it."""
        with contextlib.suppress(StoreError):
            if not await self.store.elect(self.me, 3.0):
                return
            deadline = self._clock() + LOAD_WAIT_S
            out: list[bool] = []
            while not out and self._clock() < deadline:
                await self.transact(lambda turn: out.append(True) if turn.dismiss(name) else None)
                await asyncio.sleep(POLL_S)
            log.info("%s put out by %s", name, by)

    # ------------------------------------------------------------ changes under way

    def _work(self, name: str, work: Awaitable[None]) -> None:
        self._working.add(name)
        self.spawn(self._worked(name, work))

    def spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _worked(self, name: str, work: Awaitable[None]) -> None:
        try:
            await work
        finally:
            self._working.discard(name)
            self._wake.set()

    async def _load(self, name: str, fence: int) -> None:
        if name in self._wants:
            self._wants[name].for_room = False
        async with self._slots:
            began = self._clock()
            try:
                await self._patiently(lambda: self.control.load(name))
            except ControlError as error:
                self.counters.load_failures += 1
                self._done.append(Done(name, fence, "failed", error=f"{name} can't be loaded: {error}"))
                return
        load_ms = (self._clock() - began) * 1000
        self.counters.loads += 1
        self.counters.load_ms += load_ms
        self._done.append(Done(name, fence, "ready", load_ms))
        self.spawn(self._measure())

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
        """Books what the models that were loaded just now really take; one look at all processes for many loads."""
        if self.processes is None or self._measuring:
            return
        self._measuring = True
        await asyncio.sleep(MEASURE_AFTER_S)
        self._measuring = False
        measured = await asyncio.to_thread(self.processes.footprints)
        if measured:
            with contextlib.suppress(StoreError):
                await self.transact(lambda turn: book(turn, measured))

    async def _heal(self, name: str, fence: int, kill: bool) -> None:
        began = self._clock()
        try:
            if kill and self.processes is not None:
                await asyncio.to_thread(self.processes.kill, name)  # one that hangs would outlive its model
            await self._patiently(lambda: self.control.heal(name))
        except ControlError as error:
            self._done.append(Done(name, fence, "failed", error=f"{name} can't be restarted: {error}"))
            return
        self.counters.heals += 1
        log.info("%s has a new process after %.0f ms", name, (self._clock() - began) * 1000)
        self._done.append(Done(name, fence, "ready"))

    async def _unload(self, name: str, fence: int) -> None:
        log.info("unloading %s for room", name)
        self.counters.evictions += 1
        try:
            await self.control.unload(name)
        except ControlError as error:
            if not error.unreachable and await self._still_there(name):
                log.warning("%s did not unload: %s", name, error)
                self._done.append(Done(name, fence, "ready"))
                return
        self._done.append(Done(name, fence, "absent"))

    async def _still_there(self, name: str) -> bool:
        try:
            return name in await self.control.loaded()
        except ControlError:
            return False
