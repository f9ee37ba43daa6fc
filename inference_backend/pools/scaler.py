"""The autoscaler: reads what Triton counted, asks the rule, and changes the number of instances.

It runs beside every member of the pool; only the warden's does something, so there is one. Triton adds and ends
instances of a loaded model in place: those that stay go on answering, and one that is to go ends its call first.
Wishes and results lie in Redis: the registry writes the former, pages read the latter.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import redis
import redis.asyncio as aioredis
from redis.exceptions import RedisError

from inference_backend.pools.residency import RESERVE, Pools
from inference_backend.pools.residents import guess
from inference_backend.pools.scaling import Course, Decision, Reading, Wish, decide, measure
from inference_backend.pools.store import StoreError
from inference_backend.pools.warden import TERM_S
from inference_backend.triton import repository
from inference_backend.triton.control import ControlError

log = logging.getLogger(__name__)

ROUND_S = 2.0
LOG_LENGTH = 200
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class ScaleKeys:
    """The names in Redis of one Triton's scaling."""

    wishes: str
    state: str
    log: str


def scale_keys(triton: str) -> ScaleKeys:
    return ScaleKeys(*(f"scaling:{triton}:{part}" for part in ("wishes", "state", "log")))


class Scaler:
    """Runs beside a member, as the warden does."""

    def __init__(self, pools: Pools, redis_url: str, triton: str, root: Path) -> None:
        self._pools, self._root = pools, root
        self._redis: Any = aioredis.Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=1)
        self._keys = scale_keys(triton)
        self._courses: dict[str, Course] = {}

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    if await self._pools.store.elect(self._pools.me, TERM_S):
                        await self.round()
                    else:
                        self._courses.clear()
                except (StoreError, ControlError, RedisError, OSError) as error:
                    log.debug("a round of scaling failed: %s", error)
                except Exception:
                    log.exception("a round of scaling failed")
                await asyncio.sleep(ROUND_S)
        finally:
            await self._redis.aclose()

    async def round(self) -> None:
        """One look at every model that is wished for and loaded."""
        wishes = {name.decode(): Wish.load(orjson.loads(text))
                  for name, text in (await self._redis.hgetall(self._keys.wishes)).items()}
        self._courses = {name: course for name, course in self._courses.items() if name in wishes}
        if not wishes:
            return
        view = await self._pools.store.read()
        busy = await asyncio.to_thread(self._cpu_seconds)
        for name, wish in wishes.items():
            entry = view.table.models.get(name)
            if entry is None or entry.state != "ready":
                self._courses.pop(name, None)  # its counters begin anew
                continue
            room = self._room(view.table.committed_mb(), entry.weight, name)
            try:
                await self._look(name, wish, busy.get(name), room)
            except ControlError as error:
                log.warning("%s was not scaled: %s", name, error)

    async def _look(self, name: str, wish: Wish, cpu_s: float | None, room: int) -> None:
        now = await self._read(name, cpu_s)
        course = self._courses.setdefault(name, Course())
        before, course.reading = course.reading, now
        value = measure(wish.metric, before, now) if wish.metric and before is not None else None
        if wish.metric and before is None:
            return  # the first look only counts
        decision = decide(wish, now.instances, value, course, now.at, room=room)
        if decision.instances != now.instances and await self._change(name, now.instances, decision.instances):
            course.changed_at, course.reading = time.monotonic(), None
            await self._note(name, wish, decision, was=now.instances)
        else:
            await self._note(name, wish, decision, was=now.instances, running=now.instances)

    async def _read(self, name: str, cpu_s: float | None) -> Reading:
        control: Any = self._pools.control
        at = time.monotonic()
        counted = [entry["inference_stats"] for entry in await control.statistics(name)]
        config = await control.config(name)
        instances = sum(int(group.get("count", 1)) for group in config.get("instance_group", ()))

        def total(part: str, field: str) -> int:
            return sum(int(stats.get(part, {}).get(field, 0)) for stats in counted)
        return Reading(at, instances, total("success", "count") + total("fail", "count"), total("queue", "ns"), cpu_s)

    def _cpu_seconds(self) -> dict[str, float]:
        """Processor time of each model's processes."""
        if self._pools.processes is None:
            return {}
        return {model: sum(map(cpu_seconds, pids)) for model, pids in self._pools.processes.by_model().items()}

    def _room(self, committed_mb: float, weight_mb: float, name: str) -> int:
        """How many more instances fit in the memory, each taken to need what the model's present ones do."""
        each = max(weight_mb or guess(name), 1.0) / max(repository.instances(self._root, name), 1)
        return int(max(self._pools.budget_mb * RESERVE - committed_mb, 0.0) / each)

    async def _change(self, name: str, was: int, count: int) -> bool:
        """Whether it is done."""
        kept = repository.config_text(self._root, name)
        if not kept:
            return False
        async with self._pools.changing(name) as mine:
            if not mine:
                return False
            repository.set_instances(self._root, name, count)
            try:
                await self._pools.control.load(name)
            except ControlError:
                repository.put_back_config(self._root, name, kept)
                raise
        log.info("%s has %d instances instead of %d", name, count, was)
        return True

    async def _note(self, name: str, wish: Wish, decision: Decision, *, was: int, running: int | None = None) -> None:
        said = {"instances": decision.instances if running is None else running, "reason": decision.reason,
                "metric": wish.metric, "target": wish.target, "value": decision.value, "at": time.time()}
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(self._keys.state, name, orjson.dumps(said))
            if running is None:
                pipe.rpush(self._keys.log, orjson.dumps({**said, "model": name, "was": was}))
                pipe.ltrim(self._keys.log, -LOG_LENGTH, -1)
            await pipe.execute()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process; 0.0 where it is gone."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / TICKS
    return 0.0


class ScaleDesk:
    """What the registry and pages ask of the autoscaler. Synchronous; raises redis.RedisError."""

    def __init__(self, redis_url: str, triton: str) -> None:
        self._redis: Any = redis.Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=1)
        self._keys = scale_keys(triton)

    def wish(self, wishes: Mapping[str, Wish], *, drop: Iterable[str] = ()) -> None:
        """Has these Triton models scaled so, and those no more."""
        gone = sorted(set(drop) - set(wishes))
        with self._redis.pipeline(transaction=True) as pipe:
            if wishes:
                pipe.hset(self._keys.wishes, mapping={n: orjson.dumps(w.dump()) for n, w in wishes.items()})
            if gone:
                pipe.hdel(self._keys.wishes, *gone)
                pipe.hdel(self._keys.state, *gone)
            pipe.execute()

    def states(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Triton model → {instances, reason, metric, target, value, at} as last seen; those never seen are left out."""
        wanted = list(names)
        found = self._redis.hmget(self._keys.state, wanted) if wanted else []
        return {name: orjson.loads(text) for name, text in zip(wanted, found, strict=True) if text}

    def changes(self) -> list[dict[str, Any]]:
        """What was changed since this was last asked; each is given out once."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.lrange(self._keys.log, 0, -1)
            pipe.delete(self._keys.log)
            return [orjson.loads(text) for text in pipe.execute()[0]]
