"""The local memory of keys and routes: a crowd asks once, and a change announced meanwhile is not overwritten."""

from __future__ import annotations

import asyncio

import pytest

from inference_backend.snapshots import _Cache
from kernel.problems import Problem


class Store:
    """Answers when it is told to; counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.value = "old"
        self.open = asyncio.Event()

    async def load(self) -> str:
        self.asked += 1
        seen = self.value
        await self.open.wait()
        if seen == "down":
            raise Problem("overloaded", "Redis is gone")
        return seen


async def test_a_crowd_that_misses_asks_once() -> None:
    cache, store = _Cache[str](), Store()
    crowd = [asyncio.create_task(cache.get("key", store.load)) for _ in range(500)]
    await asyncio.sleep(0)
    store.open.set()
    assert set(await asyncio.gather(*crowd)) == {"old"}
    assert await cache.get("key", store.load) == "old"
    assert store.asked == 1


async def test_what_is_forgotten_while_it_is_read_is_read_again() -> None:
    cache, store = _Cache[str](), Store()
    early = asyncio.create_task(cache.get("key", store.load))
    while not store.asked:
        await asyncio.sleep(0)
    store.value = "new"
    cache.forget("key")  # the announcement comes while the old value is on its way
    late = asyncio.create_task(cache.get("key", store.load))
    await asyncio.sleep(0)
    store.open.set()
    assert (await early, await late) == ("old", "new")
    assert await cache.get("key", store.load) == "new"
    assert store.asked == 2


async def test_one_who_leaves_takes_nothing_from_the_others() -> None:
    cache, store = _Cache[str](), Store()
    first = asyncio.create_task(cache.get("key", store.load))
    second = asyncio.create_task(cache.get("key", store.load))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    store.open.set()
    assert await second == "old"
    assert store.asked == 1


async def test_a_failure_reaches_everybody_and_is_not_kept() -> None:
    cache, store = _Cache[str](), Store()
    store.value = "down"
    store.open.set()
    for told in await asyncio.gather(*(cache.get("key", store.load) for _ in range(3)), return_exceptions=True):
        assert isinstance(told, Problem)
        assert told.code == "overloaded"
    store.value = "old"
    assert await cache.get("key", store.load) == "old"
    assert store.asked == 2


@pytest.mark.parametrize("key", ["key", None])
async def test_forgetting_asks_again(key: str | None) -> None:
    cache, store = _Cache[str](), Store()
    store.open.set()
    await cache.get("key", store.load)
    cache.forget(key)
    await cache.get("key", store.load)
    assert store.asked == 2
