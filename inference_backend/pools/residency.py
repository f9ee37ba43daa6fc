"""Which models sit in memory: one authority over one Triton, across all processes that call it.

A call *takes* the models that it needs and *gives* them back. For a model that this process holds already that is a
look-up and a count, without a wait and without Redis. Everything else (loading, making room, healing) goes through the
shared table: one agent per process brings all wants of its callers to it in one round, and does what the round decided.
Callers wait for a load instead of failing, share it with callers of every other process, and nothing that is in flight
is put out. A call that needs several models holds all of them or, while it waits for room, none.
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
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from inference_backend.pools import lateness
from inference_backend.pools.changes import Changes
from inference_backend.pools.processes import Processes, default_budget_mb
from inference_backend.pools.residents import Counters, Pardon, Refusal, Resident, Use, Waiting, guess, models_of
from inference_backend.pools.store import Event, MemoryStore, Store, StoreError
from inference_backend.pools.table import Done, Fault, Hold, Plan, Post, Round, Want, adopt, book, decayed, pin_hot
from inference_backend.triton.control import Control
from kernel import tasks
from kernel.contracts import Route
from kernel.problems import Problem

log = logging.getLogger(__name__)

LOAD_WAIT_S = 60.0  # a caller's patience with a load and with the room for it
RESERVE = 0.97  # of the budget is given away: a model takes a little more after its first calls
BEAT_S = 1.0
ASK_EVERY_S = 0.1
GATHER_S = 0.005  # announcements come in crowds
POLL_S = 0.25  # a lost announcement costs no more


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
        self._pardon = Pardon()
        self._models: dict[str, Resident] = {}
        self._here: dict[str, Resident] = {}  # held and usable: the fast path reads nothing else
        self._needs: dict[tuple[str, bool], tuple[Route, dict[str, int]]] = {}
        self._faults: dict[str, Fault] = {}
        self._wants: dict[frozenset[str], Waiting] = {}
        self._tickets = itertools.count(1)
        self._asked: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._changes = Changes(control, processes, self.counters, spawn=self.spawn, book=self._book, wake=self._wake,
                                clock=clock)
        self._table_lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._service: list[asyncio.Task[None]] = []
        self._let_go = False
        self._queued = False  # the table says that this member waits for room, or keeps some
        self._heard = False

    # ------------------------------------------------------------ the hot path

    def needs(self, route: Route, *, tensors: bool) -> dict[str, int]:
        """`models_of`, remembered for as long as the route object lives on."""
        known = self._needs.get((route.model, tensors))
        if known is not None and known[0] is route:
            return known[1]
        self._needs[route.model, tensors] = known = (route, models_of(route, tensors=tensors))
        return known[1]

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
            if resident.asked and self._idle(resident):
                self._release(resident)

    def use(self, needs: Mapping[str, int], deadline_s: float = LOAD_WAIT_S) -> Use:
        """Triton model → declared MB. Gives the milliseconds spent on waiting for loads, 0.0 where all was here.

        Raises model_not_ready with Triton's reason, model_quarantined, out_of_memory where the models take more than
        there is in all, or overloaded where the memory is in use by other calls for `deadline_s` seconds.
        """
        return Use(self, needs, deadline_s)

    def lease(self, route: Route, *, tensors: bool = False, deadline_s: float = LOAD_WAIT_S, version: int = 0) -> Use:
        """`use` of what a call of this route needs; of a provider's model, of this version (else the first)."""
        own = models_of(route, tensors=tensors, version=version) if route.own_host else None
        return Use(self, own or self.needs(route, tensors=tensors), deadline_s)

    async def ensure(self, route: Route, *, tensors: bool = False) -> float:
        """Loads what a call of this route needs; the milliseconds that took (0.0 when all was there)."""
        async with self.lease(route, tensors=tensors) as load_ms:
            return load_ms

    def fence(self, name: str) -> int:
        """The copy of a model that this process uses; 0 for none."""
        resident = self._models.get(name)
        return resident.fence if resident is not None and (name in self._here or resident.in_flight) else 0

    # ------------------------------------------------------------ the cold path

    async def bring(self, needs: Mapping[str, int], deadline_s: float = LOAD_WAIT_S) -> tuple[list[Resident], float]:
        """`take` that waits: asks for what is missing until all is here at once. Raises as `use` does."""
        began = self._clock()
        self.counters.cold_starts += 1
        waiting = self._want(needs)
        outcome = await self._outcome(waiting, deadline_s)
        if outcome is None and waiting.want.coming:
            raise Problem("model_not_ready", "the model is still being loaded", headers={"Retry-After": "2"})
        if outcome is None:
            raise Problem("overloaded", "all model memory is in use by calls in flight", headers={"Retry-After": "5"})
        if isinstance(outcome, tuple):
            raise Problem(*outcome, headers={"Retry-After": "5"})
        return outcome, max((self._clock() - began) * 1000, 0.001)

    async def _outcome(self, waiting: Waiting, deadline_s: float | None) -> list[Resident] | Refusal | None:
        """What the models were given over as, taken already; why not; or None at the deadline."""
        caller: asyncio.Future[list[Resident] | Refusal] = asyncio.get_running_loop().create_future()
        waiting.callers.append(caller)
        try:
            await asyncio.wait((caller,), timeout=deadline_s)
            return caller.result() if caller.done() else None
        except asyncio.CancelledError:
            if caller.done() and isinstance(given := caller.result(), list):
                self.give(given)
            raise
        finally:
            waiting.callers.remove(caller)
            if not caller.done():
                self._wake.set()  # it may have been the last

    def forget(self, route: Route, *, tensors: bool = False, version: int | None = None) -> None:
        """Triton says that a model of this route is not there: the next use asks for it anew."""
        for name in models_of(route, tensors=tensors, version=version):
            self.forget_model(name)

    def forget_model(self, name: str) -> None:
        resident = self._here.pop(name, None)
        if resident is not None:
            self._faults[name] = Fault("gone", resident.fence)

    async def heal(self, name: str) -> None:
        """Gives a model whose process died a new one; callers in all processes share the work."""
        self.report_dead(name)
        outcome = await self._outcome(self._want({name: guess(name)}, background=True), None)
        if isinstance(outcome, tuple):
            raise Problem(outcome[0], f"the model could not be restarted: {outcome[1]}")
        self.give(outcome or ())

    def report_dead(self, name: str, fence: int = 0) -> None:
        """The process behind a model is gone."""
        resident = self._here.pop(name, None)
        known = fence or (resident.fence if resident is not None else 0)
        if known:
            self._faults[name] = Fault("dead", known)

    def want(self, name: str, memory_mb: int = 0) -> None:
        """Loads a model with nobody waiting for it."""
        self._want({name: memory_mb or guess(name)}, background=True)

    def late(self, name: str, deadline_s: float) -> None:
        """A call of this model missed its deadline. At twice the deadline the model is probed; a copy that does not
        answer then is replaced."""
        if (fence := self.fence(name)) and self.prober is not None:
            self.spawn(lateness.check_late(self, name, fence, deadline_s))

    def abandoned(self, name: str, version: int | None = None) -> None:
        """A job was cancelled while this model ran for it. Triton can't stop an inference: a copy that is busy with it
        still after a second, and with no other call of this process, is replaced. That is nobody's fault and counts
        as no strike. (Not for callers that merely hang up: theirs may be queued behind somebody's long call.)"""
        if (fence := self.fence(name)) and self.prober is not None:
            self.spawn(lateness.check_abandoned(self, name, version, fence))

    def busy(self, name: str) -> bool:
        """Whether a call of this process runs on the model, or it is not here."""
        resident = self._here.get(name)
        return resident is None or resident.in_flight > 0

    @contextlib.asynccontextmanager
    async def changing(self, name: str) -> AsyncIterator[bool]:
        """For a change of a loaded model's configuration, while its calls go on: nobody puts it out or takes the
        processes that end for a crash. False where it is not loaded or another change is under way."""
        begun, busy = [0], name in self._changes.working
        self._changes.working.add(name)
        try:
            if not busy:
                await self.transact(lambda turn: begun.append(turn.hold_still(name)))
            yield begun[-1] > 0
        finally:
            if begun[-1]:
                self._changes.done.append(Done(name, begun[-1], "ready"))
            if not busy:
                self._changes.working.discard(name)
                self._wake.set()

    def _resident(self, name: str, memory_mb: int) -> Resident:
        resident = self._models.get(name)
        if resident is None:
            resident = self._models[name] = Resident(name, memory_mb)
        return resident

    def _want(self, needs: Mapping[str, int], *, background: bool = False) -> Waiting:
        models = frozenset(needs)
        waiting = self._wants.get(models)
        if waiting is None:
            self.start()
            declared = {name: float(self._resident(name, memory).memory_mb) for name, memory in needs.items()}
            waiting = self._wants[models] = Waiting(Want(f"{self.me}:{next(self._tickets)}", declared, 0.0))
            self._wake.set()
        waiting.background |= background
        return waiting

    def _release(self, resident: Resident) -> None:
        """Lets go of a model that another call wants the room of."""
        resident.asked = False
        self._here.pop(resident.name, None)
        self._let_go = True
        self._wake.set()

    def _yield(self, name: str, *, drain: bool) -> None:
        """Lets go of a model after the last call in flight; `drain` has new calls wait at once."""
        resident = self._models.get(name)
        if resident is None:
            return
        resident.asked = not self._idle(resident)
        if resident.asked and drain:
            self._here.pop(name, None)
        elif not resident.asked and name in self._here:
            self._release(resident)

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
        await tasks.end((*self._service, *self._tasks))
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
        await self.transact(lambda turn: pin_hot(turn, hot))
        for route in (route for route in routes if route.pool == "hot"):
            with contextlib.suppress(Problem):
                await self.ensure(route)

    def state(self) -> list[Resident]:
        """What this process holds."""
        return list(self._here.values())

    # ------------------------------------------------------------ the agent

    async def _agent(self) -> None:
        while True:
            pause = POLL_S if self._wants else None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):  # `wait_for` may swallow the cancellation that `close` waits for
                    await self._wake.wait()
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
        for waiting in tuple(self._wants.values()):
            left = not waiting.background and not waiting.callers
            if left or waiting.want.models.keys() <= self._here.keys():
                self._settle(waiting, None)
        if self._wants or self._changes.done or self._queued:
            await self.transact(self._serve)
        let_go, self._let_go = self._let_go, False
        if let_go:  # whoever asked for the room looks again
            await self._publish({"by": self.me, "news": True})

    def _serve(self, turn: Round) -> None:
        for waiting in self._wants.values():
            waiting.want = replace(waiting.want, since=waiting.want.since or turn.now)
        wants = [waiting.want for waiting in self._wants.values()]
        wanted = {name for want in wants for name in want.models}
        turn.resume(wanted)
        turn.serve(wants, {name: fault for name, fault in self._faults.items() if name in wanted})
        self._queued = turn.knows_of_me()

    async def transact(self, decide: Callable[[Round], object]) -> Plan:
        """One round at the shared table, repeated until nobody was faster; then its plan is under way."""
        async with self._table_lock:
            for attempt in itertools.count():
                view = await self.store.read()
                self._offset = view.now - self._clock()
                self.counters.rounds += 1
                idle = [name for name, r in self._here.items() if self._idle(r)]
                turn = Round(view.table, {**view.posts, self.me: self._post()}, self.me, view.now,
                             self.budget_mb * RESERVE, idle, self._changes.working, self._pardon.ttl_s(view, self.me))
                done = len(self._changes.done)
                turn.end(self._changes.done)
                decide(turn)
                plan = turn.plan
                blocked = {name: self._here.pop(name) for name in (*plan.evict, *plan.gone) if name in self._here}
                ask = self._due(plan.ask)
                event: Event = {"by": self.me, "ask": ask, "drain": list(plan.drain), "gone": plan.gone,
                                "news": plan.news}
                try:
                    if plan.changed:
                        written = await self.store.write(view.version, view.table, self.me,
                                                         self._post(plan.hold), event)
                    else:
                        written = True
                        if ask:
                            await self.store.post(self.me, self._post(), event)
                except BaseException:
                    self._here.update(blocked)
                    raise
                if written:
                    del self._changes.done[:done]
                    self._carry_out(plan)
                    for name in ask:
                        self._yield(name, drain=name in plan.drain)
                    return plan
                self._here.update(blocked)
                for name in ask:  # nobody has heard it
                    del self._asked[name]
                self.counters.conflicts += 1
                await asyncio.sleep(random.random() * 0.002 * min(attempt + 1, 10))
        raise AssertionError("the loop has no other end")

    async def _publish(self, event: Event | None = None) -> None:
        """Says what this member holds, outside of a round. Never beside one: an older post that arrives later would
        let go of what the round has taken."""
        async with self._table_lock:
            await self.store.post(self.me, self._post(), event)

    def _idle(self, resident: Resident) -> bool:
        """Nothing in flight, and no call that waits for the rest of what it needs."""
        return not resident.in_flight and not resident.claims

    def _carry_out(self, plan: Plan) -> None:
        for name, fence in plan.ready.items():
            resident = self._resident(name, guess(name))
            resident.fence, resident.asked = fence, False
            self._here[name] = resident
            self._faults.pop(name, None)
        for waiting in tuple(self._wants.values()):
            ticket = waiting.want.ticket
            if ticket in plan.served or ticket in plan.refuse:
                self._settle(waiting, plan.refuse.get(ticket))
            elif ticket in plan.coming or ticket in plan.waiting:
                self._claim(waiting, coming=ticket in plan.coming)
        self._changes.begin(plan)

    def _claim(self, waiting: Waiting, *, coming: bool) -> None:
        """Keeps what is there of a call's models while the rest is on its way; lets go of it where that came to
        nothing."""
        if coming == waiting.want.coming:
            return
        waiting.want = replace(waiting.want, coming=coming)
        for name in waiting.want.models:
            resident = self._models[name]
            resident.claims += 1 if coming else -1
            if resident.asked and self._idle(resident):
                self._release(resident)
        if not coming and not waiting.want.models.keys() <= self._here.keys():
            self._let_go = True
            self._wake.set()

    def _settle(self, waiting: Waiting, refusal: Refusal | None) -> None:
        """Gives every caller what it waits for, taken already: nobody can come in between."""
        del self._wants[frozenset(waiting.want.models)]
        for caller in waiting.callers:
            if not caller.done():
                outcome = refusal or self.take(waiting.want.models)
                assert outcome is not None, "only what is here is given over"
                caller.set_result(outcome)
        self._claim(waiting, coming=False)

    def _post(self, taking: Collection[str] = ()) -> Post:
        """What this member holds now, and what it is about to hold."""
        now = self._clock() + (self._offset or 0.0)
        holds = {}
        for name in {*self._here, *taking, *(n for n, r in self._models.items() if not self._idle(r))}:
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
            self._yield(name, drain=name in event.get("drain", ()))
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

    def spawn(self, work: Awaitable[None]) -> None:
        """Runs beside everything else, and ends with this member."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _book(self, measured: dict[str, float]) -> None:
        """What the models that were loaded just now really take."""
        with contextlib.suppress(StoreError):
            await self.transact(lambda turn: book(turn, measured))
