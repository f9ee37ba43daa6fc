"""The warden: one member at a time that keeps the table true. It compares it with Triton, measures what models take,
trims to the budget, loads what is pinned, and notices a dead process before a call does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from typing import Any

from inference_backend.pools.residency import Pools
from inference_backend.pools.residents import guess
from inference_backend.pools.store import StoreError
from inference_backend.pools.table import Round, adopt, book
from inference_backend.triton.control import ControlError

log = logging.getLogger(__name__)

ROUND_S = 1.0
TERM_S = 3.0  # a warden that died is succeeded after this
MEASURE_EVERY = 10  # rounds
SETTLE_S = 1.5  # changes younger than this may not show in Triton's list yet


class Warden:
    """Runs beside a member; does its rounds while it is elected."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools
        self._watched: dict[int, tuple[int, str]] = {}  # pid → pidfd, model
        self._rounds = 0
        self._evict: set[str] = set()

    async def run(self) -> None:
        """Until cancelled."""
        pools = self._pools
        try:
            while True:
                try:
                    if await pools.store.elect(pools.me, TERM_S):
                        await self._round()
                    else:
                        self._unwatch_all()
                except (StoreError, ControlError) as error:
                    log.debug("the warden's round failed: %s", error)
                except Exception:
                    log.exception("the warden's round failed")
                await asyncio.sleep(ROUND_S)
        finally:
            self._unwatch_all()

    async def _round(self) -> None:
        pools = self._pools
        view = await pools.store.read()
        loaded = await pools.control.loaded()
        young = view.now - SETTLE_S
        drifted = any(
            (entry.state == "ready") != (name in loaded) and entry.since < young
            for name, entry in view.table.models.items()) or bool(loaded - set(view.table.models))
        if drifted:
            await pools.transact(lambda turn: adopt(turn, loaded, guess, before=young))
        for name, pin in view.table.pins.items():
            entry = view.table.models.get(name)
            if pin.keep and (entry is None or (entry.state == "absent" and entry.since < young)):
                pools.want(name)
        if pools.processes is None:
            return
        stubs = await asyncio.to_thread(pools.processes.by_model)
        self._watch(stubs)
        ready = [n for n, e in view.table.models.items() if e.state == "ready" and e.since < young]
        for name in ready:
            if name in loaded and name not in stubs and stubs:
                pools.spawn(self._check_ended(name))
        self._rounds += 1
        if self._rounds % MEASURE_EVERY == 1:
            measured = await asyncio.to_thread(pools.processes.footprints)
            await pools.transact(lambda turn: _measured(turn, measured))

    def _watch(self, stubs: dict[str, list[int]]) -> None:
        """The end of a process is an event of the loop, without a delay."""
        alive = {pid: model for model, pids in stubs.items() for pid in pids}
        for pid in set(self._watched) - set(alive):
            self._unwatch(pid)
        for pid, model in alive.items():
            if pid not in self._watched:
                with contextlib.suppress(OSError):
                    descriptor = os.pidfd_open(pid)
                    self._watched[pid] = (descriptor, model)
                    asyncio.get_running_loop().add_reader(descriptor, self._ended, pid)

    def _ended(self, pid: int) -> None:
        _, model = self._watched[pid]
        self._unwatch(pid)
        self._pools.spawn(self._check_ended(model))

    async def _check_ended(self, model: str) -> None:
        """A process that ends while its model is meant to be there has died; an unload is seen in the table first, so
        the table is read before and after the look at the processes. A copy that was replaced, and an instance that was
        taken away, leave as many as Triton is configured to have."""
        assert self._pools.processes is not None
        control: Any = self._pools.control
        with contextlib.suppress(StoreError, ControlError):
            view = await self._pools.store.read()
            entry = view.table.models.get(model)
            if entry is None or entry.state != "ready":
                return
            groups = (await control.config(model)).get("instance_group", ())
            meant = sum(int(group.get("count", 1)) for group in groups)
            if await asyncio.to_thread(self._pools.processes.instances, model) >= meant:
                return
            now = (await self._pools.store.read()).table.models.get(model)
            if now is not None and (now.state, now.fence) == ("ready", entry.fence):
                self._lost(model, entry.fence)

    def _lost(self, model: str, fence: int) -> None:
        log.warning("the process of %s has died: it gets a new one", model)
        self._pools.report_dead(model, fence)
        self._pools.want(model)

    def _unwatch(self, pid: int) -> None:
        descriptor, _ = self._watched.pop(pid)
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)

    def _unwatch_all(self) -> None:
        for pid in tuple(self._watched):
            self._unwatch(pid)


def _measured(turn: Round, measured: dict[str, float]) -> None:
    book(turn, measured)
    turn.trim()
