"""Where the table of residency is kept: Redis, shared by every process, or this process alone.

A write succeeds only on the version that was read; it stores the table, the writer's post and an announcement in one
step. A post alone (a heartbeat, or letting go of a model) needs no version: holding less is always safe.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
import redis.asyncio as aioredis
from redis.exceptions import RedisError

from inference_backend.pools.table import MEMBER_TTL_S, Post, Table, dump_post, dump_table, load_post, load_table

Event = dict[str, Any]  # by, ask, gone, evict, news


class StoreError(Exception):
    """The shared table can't be reached."""


@dataclass(frozen=True, slots=True)
class View:
    """The table and what every member said last, dead ones too, at one moment of the store's clock."""

    version: int
    now: float
    table: Table
    posts: dict[str, Post]


class Store(Protocol):
    async def read(self) -> View: ...

    async def write(self, version: int, table: Table, me: str, post: Post, event: Event) -> bool:
        """False where the table has changed since it was read."""
        ...

    async def post(self, me: str, post: Post, event: Event | None = None) -> None: ...

    async def leave(self, me: str) -> None: ...

    async def elect(self, me: str, ttl_s: float) -> bool:
        """Whether this member is the warden for the next `ttl_s` seconds."""
        ...

    def events(self) -> AsyncIterator[Event]:
        """Announcements of every member, own ones too."""
        ...


class MemoryStore:
    """For one process without Redis, and for tests, where several pools may share one."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._version = 0
        self._table = orjson.dumps(dump_table(Table()))
        self._posts: dict[str, bytes] = {}
        self._warden = ("", 0.0)
        self._queues: list[Any] = []

    async def read(self) -> View:
        now = self._clock()
        return View(self._version, now, load_table(orjson.loads(self._table)), _loaded(self._posts))

    async def write(self, version: int, table: Table, me: str, post: Post, event: Event) -> bool:
        if version != self._version:
            return False
        self._version += 1
        self._table = orjson.dumps(dump_table(table))
        await self.post(me, post, event)
        return True

    async def post(self, me: str, post: Post, event: Event | None = None) -> None:
        self._posts[me] = orjson.dumps(dump_post(post))
        if event is not None:
            for queue in self._queues:
                queue.put_nowait(event)

    async def leave(self, me: str) -> None:
        self._posts.pop(me, None)

    async def elect(self, me: str, ttl_s: float) -> bool:
        now = self._clock()
        if self._warden[0] in ("", me) or self._warden[1] < now:
            self._warden = (me, now + ttl_s)
        return self._warden[0] == me

    async def events(self) -> AsyncIterator[Event]:
        import asyncio

        queue: asyncio.Queue[Event] = asyncio.Queue()
        self._queues.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._queues.remove(queue)


_WRITE = """
if tonumber(redis.call('HGET', KEYS[1], 'v') or '0') ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'v', tonumber(ARGV[1]) + 1, 'doc', ARGV[2])
redis.call('HSET', KEYS[2], ARGV[3], ARGV[4])
redis.call('PUBLISH', KEYS[3], ARGV[5])
return 1
"""
_ELECT = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""


@dataclass(frozen=True, slots=True)
class Keys:
    """The names in Redis of one pool."""

    table: str
    members: str
    channel: str
    warden: str


def keys_of(triton: str) -> Keys:
    prefix = f"pool:{triton}"
    return Keys(f"{prefix}:table", f"{prefix}:members", f"{prefix}:events", f"{prefix}:warden")


class RedisStore:
    """The shared table of one Triton, named by its address. Redis' clock is everybody's clock."""

    def __init__(self, url: str, triton: str) -> None:
        self._redis: aioredis.Redis = aioredis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=1)
        # A listener waits for as long as nothing happens.
        self._listening: aioredis.Redis = aioredis.Redis.from_url(url, socket_connect_timeout=1)
        keys = keys_of(triton)
        self._table, self._members, self._channel, self._warden = keys.table, keys.members, keys.channel, keys.warden
        self._write = self._redis.register_script(_WRITE)
        self._elect = self._redis.register_script(_ELECT)

    async def read(self) -> View:
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hmget(self._table, "v", "doc")
                pipe.hgetall(self._members)
                pipe.time()
                (version, document), members, (seconds, micros) = await pipe.execute()
        except (RedisError, OSError) as error:
            raise StoreError(str(error)) from error
        now = seconds + micros / 1e6
        table = load_table(orjson.loads(document)) if document else Table()
        posts = {name.decode(): raw for name, raw in members.items()}
        return View(int(version or 0), now, table, _loaded(posts))

    async def write(self, version: int, table: Table, me: str, post: Post, event: Event) -> bool:
        try:
            return bool(await self._write(
                keys=[self._table, self._members, self._channel],
                args=[version, orjson.dumps(dump_table(table)), me, orjson.dumps(dump_post(post)),
                      orjson.dumps(event)]))
        except (RedisError, OSError) as error:
            raise StoreError(str(error)) from error

    async def post(self, me: str, post: Post, event: Event | None = None) -> None:
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hset(self._members, me, orjson.dumps(dump_post(post)).decode())
                if event is not None:
                    pipe.publish(self._channel, orjson.dumps(event))
                await pipe.execute()
        except (RedisError, OSError) as error:
            raise StoreError(str(error)) from error

    async def sweep(self, now: float) -> None:
        """Forgets members that have been dead for a while."""
        try:
            members = await self._redis.hgetall(self._members)
            dead = [name for name, raw in members.items() if now - orjson.loads(raw)["at"] > 10 * MEMBER_TTL_S]
            if dead:
                await self._redis.hdel(self._members, *dead)
        except (RedisError, OSError) as error:
            raise StoreError(str(error)) from error

    async def leave(self, me: str) -> None:
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hdel(self._members, me)
                pipe.publish(self._channel, orjson.dumps({"by": me, "news": True}))
                await pipe.execute()
        except (RedisError, OSError):
            pass  # it expires by itself
        await self._redis.aclose()
        await self._listening.aclose()

    async def elect(self, me: str, ttl_s: float) -> bool:
        try:
            return bool(await self._elect(keys=[self._warden], args=[me, int(ttl_s * 1000)]))
        except (RedisError, OSError) as error:
            raise StoreError(str(error)) from error

    async def events(self) -> AsyncIterator[Event]:
        try:
            async with self._listening.pubsub() as channel:
                await channel.subscribe(self._channel)
                async for message in channel.listen():
                    if message["type"] == "message":
                        yield orjson.loads(message["data"])
        except (RedisError, OSError) as error:
            raise StoreError(str(error)) from error


def _loaded(posts: dict[str, bytes]) -> dict[str, Post]:
    return {name: load_post(orjson.loads(raw)) for name, raw in posts.items()}
