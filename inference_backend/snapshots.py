"""Keys and routes as the data plane sees them: Redis, with a short local memory that changes are announced to."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeVar

import redis.asyncio as aioredis
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError

from kernel import tasks
from kernel.contracts import GRANT_KEY, ROUTE_KEY, SNAPSHOT_CHANNEL, SNAPSHOT_WHOLE, Grant, Route
from kernel.problems import Problem

log = logging.getLogger(__name__)
T = TypeVar("T")

TTL_S = 1.0  # how long a change may go unseen when its announcement is lost
MAX_ENTRIES = 10_000  # of each kind, found or not: a flood of unknown keys can't fill the memory


class _Cache(Generic[T]):
    """Values and their absence, each for TTL_S; the oldest goes when it is full. Callers who miss at the same moment
    share one question, so a crowd asks Redis once."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[float, T]] = {}
        self._asked: dict[str, asyncio.Task[T]] = {}

    async def get(self, key: str, load: Callable[[], Coroutine[Any, Any, T]]) -> T:
        entry = self._entries.get(key)
        if entry is not None and entry[0] > time.monotonic():
            return entry[1]
        asking = self._asked.get(key)
        if asking is None:
            asking = self._asked[key] = asyncio.create_task(self._load(key, load))
            asking.add_done_callback(_heard)
        return await asyncio.shield(asking)  # a caller who leaves doesn't take the answer from the others

    async def _load(self, key: str, load: Callable[[], Coroutine[Any, Any, T]]) -> T:
        began, mine = time.monotonic(), asyncio.current_task()
        try:
            value = await load()
            if self._asked.get(key) is mine:  # not forgotten meanwhile: what was read may be older than the change
                self._entries.pop(key, None)
                while len(self._entries) >= MAX_ENTRIES:
                    del self._entries[next(iter(self._entries))]
                self._entries[key] = (began + TTL_S, value)
            return value
        finally:
            if self._asked.get(key) is mine:
                del self._asked[key]

    def forget(self, key: str | None = None) -> None:
        if key is None:
            self._entries.clear()
            self._asked.clear()
        else:
            self._entries.pop(key, None)
            self._asked.pop(key, None)


def _heard(asked: asyncio.Task[Any]) -> None:
    """A failure that nobody waited for any more is no news to the event loop."""
    if not asked.cancelled():
        asked.exception()


class RedisSnapshots:
    """The Snapshots port on Redis. One per event loop; `start` listens for announcements, `stop` ends that."""

    def __init__(self, redis: aioredis.Redis) -> None:
        self._redis: Any = redis
        self._grants: _Cache[Grant | None] = _Cache()
        self._routes: _Cache[Route | None] = _Cache()
        self._all: _Cache[list[Route]] = _Cache()
        self._listener: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            await tasks.end([listener])

    async def grant(self, key_hash: str) -> Grant | None:
        async def load() -> Grant | None:
            text = await self._read(GRANT_KEY.format(key_hash=key_hash))
            return Grant.load(text) if text else None
        return await self._grants.get(key_hash, load)

    async def route(self, model: str) -> Route | None:
        async def load() -> Route | None:
            text = await self._read(ROUTE_KEY.format(model=model))
            return Route.load(text) if text else None
        return await self._routes.get(model, load)

    async def _read(self, name: str) -> Any:
        """A snapshot, or None where there is none. A Redis that was emptied knows of nobody: that is no refusal."""
        text, whole = await self._ask(lambda: self._redis.mget(name, SNAPSHOT_WHOLE))
        if not text and not whole:
            raise Problem("overloaded", "access rights are being written anew", headers={"Retry-After": "1"})
        return text

    async def routes(self) -> list[Route]:
        return await self._all.get("", self._load_routes)

    async def _load_routes(self) -> list[Route]:
        async def scan() -> list[Any]:
            names = [name async for name in self._redis.scan_iter(match=ROUTE_KEY.format(model="*"), count=500)]
            return list(await self._redis.mget(names)) if names else []
        return sorted((Route.load(text) for text in await self._ask(scan) if text), key=lambda route: route.model)

    @staticmethod
    async def _ask(question: Callable[[], Awaitable[Any]]) -> Any:
        """Without Redis nobody's rights are known: refuse rather than guess. Asked twice, because a kept connection
        may have been cut since its last use."""
        try:
            try:
                return await question()
            except (Disconnected, OSError):
                return await question()
        except (RedisError, OSError) as error:
            raise Problem("overloaded", "access rights can't be read at the moment",
                          headers={"Retry-After": "1"}) from error

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(SNAPSHOT_CHANNEL)
                    self._forget("*")  # what was announced before we listened
                    async for message in channel.listen():
                        if message["type"] == "message":
                            data = message["data"]
                            self._forget(data.decode(errors="replace") if isinstance(data, bytes) else str(data))
            except (RedisError, OSError) as error:
                log.warning("snapshot announcements are interrupted: %s", error)
                await asyncio.sleep(0.5)

    def _forget(self, name: str) -> None:
        kind, _, key = name.partition(":")
        if kind in ("grant", "*"):
            self._grants.forget(key or None)
        if kind in ("route", "*"):
            self._routes.forget(key or None)
            self._all.forget()
