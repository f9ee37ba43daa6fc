"""The pools on a real Triton and a real Redis: many callers, little memory, several members, sudden deaths."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from pool_kit import Member, redis_server, runtime_settings, server_at

from inference_backend.pools.processes import Processes
from inference_backend.triton.server import TritonServer

pytestmark = pytest.mark.stack

COUNT = 60
BUDGET_MB = 1024
NETS = {f"net-{number:02}": float(number) for number in range(COUNT)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    with server_at(tmp_path_factory.mktemp("pools"), NETS, ballast_mb=20) as running:
        yield running


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    with redis_server(tmp_path) as url:
        yield url


class Changes:
    """Who loads and unloads what, and when: overlaps of one model are noted."""

    def __init__(self) -> None:
        self.loads = 0
        self.overlaps: list[str] = []
        self._busy: dict[str, int] = defaultdict(int)

    def watch(self, member: Member) -> None:
        for method in ("load", "unload", "heal"):
            setattr(member.control, method, self._watched(getattr(member.control, method), method))

    def _watched(self, call, method):  # type: ignore[no-untyped-def]
        async def watched(model: str) -> None:
            self.loads += method == "load"
            if self._busy[model]:
                self.overlaps.append(model)
            self._busy[model] += 1
            try:
                await call(model)
            finally:
                self._busy[model] -= 1
        return watched


class Peak:
    """The most memory that all models' processes took at once, sampled."""

    def __init__(self, server: TritonServer) -> None:
        self._processes = Processes(server.settings.repository)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.mb = 0.0
        self.models = 0

    def _run(self) -> None:
        while not self._stop.wait(0.5):
            found = self._processes.footprints()
            total = sum(found.values())
            if total > self.mb:
                self.mb, self.models = total, len(found)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


async def test_a_hundred_callers_of_sixty_cold_models_share_one_gigabyte(server: TritonServer, redis_url: str) -> None:
    changes, dice = Changes(), random.Random(7)
    settings = runtime_settings(server, redis_url, memory_mb=BUDGET_MB)
    members = [Member(settings) for _ in range(4)]
    began = time.monotonic()

    async def caller(number: int) -> None:
        member = members[number % 4]
        for name in (f"net-{number % COUNT:02}", dice.choice(list(NETS))):
            assert await member.infer(name, 1.0) == 1.0 + NETS[name]

    with Peak(server) as peak:
        async with members[0], members[1], members[2], members[3]:
            for member in members:
                changes.watch(member)
            seen = await asyncio.gather(*(caller(number) for number in range(100)), return_exceptions=True)
            view = await members[0].pools.store.read()
            mb = {n: e.mb for n, e in view.table.models.items() if e.state == "ready"}
            print(f"\n{changes.loads} loads, {view.table.evictions} evictions, peak {peak.mb:.0f} MB with "
                  f"{peak.models} models, {sum(m.pools.counters.rounds for m in members)} rounds, "
                  f"{sum(m.pools.counters.conflicts for m in members)} conflicts, "
                  f"{time.monotonic() - began:.1f} s, median {sorted(mb.values())[len(mb) // 2]:.1f} MB a model")
    assert [e for e in seen if e is not None] == []
    assert changes.overlaps == []
    assert changes.loads >= COUNT
    assert view.table.evictions > 0
    assert 0 < peak.mb <= BUDGET_MB * 1.1


async def test_calls_of_two_models_and_of_one_share_room_for_a_few(
        server: TritonServer, redis_url: str) -> None:
    """Members hold different parts of what others need, all the time; no call gives up, none is served by half."""
    changes, dice = Changes(), random.Random(11)
    settings = runtime_settings(server, redis_url, memory_mb=150)
    members = [Member(settings) for _ in range(3)]
    names = list(NETS)[:8]

    async def caller(member: Member) -> int:
        for _ in range(5):
            chosen = dice.sample(names, dice.choice([1, 1, 2]))
            async with member.pools.use(dict.fromkeys(chosen, 40), 60):
                for name in chosen:
                    assert await member.infer_raw(name, 1.0) == 1.0 + NETS[name]
        return 5

    async with members[0], members[1], members[2]:
        for member in members:
            changes.watch(member)
        served = await asyncio.gather(*(caller(member) for member in members for _ in range(3)))
        view = await members[0].pools.store.read()
    print(f"\n{changes.loads} loads, {view.table.evictions} evictions, "
          f"{sum(m.pools.counters.rounds for m in members)} rounds, "
          f"{sum(m.pools.counters.conflicts for m in members)} conflicts, "
          f"{max(e.mb for e in view.table.models.values()):.0f} MB the largest")
    assert sum(served) == 45
    assert changes.overlaps == []
    assert view.table.evictions > 0
    assert view.table.queue == {}
