"""Grants and routes from a real Redis: an announced change is seen at once."""

from __future__ import annotations

import asyncio
import os

import pytest
import redis.asyncio as aioredis
from doubles import grant, route

from inference_backend.snapshots import RedisSnapshots
from kernel.contracts import GRANT_KEY, ROUTE_KEY, SNAPSHOT_CHANNEL, SNAPSHOT_WHOLE
from kernel.problems import Problem

pytestmark = pytest.mark.stack


async def test_a_revoked_key_is_gone_within_a_moment() -> None:
    redis = aioredis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6390/1"))
    held = grant(key_hash="test-snapshot")
    name, model = GRANT_KEY.format(key_hash=held.key_hash), route("test-snapshot")
    snapshots = RedisSnapshots(redis)
    await snapshots.start()
    try:
        await redis.set(SNAPSHOT_WHOLE, "1")
        await redis.set(name, held.dump())
        await redis.set(ROUTE_KEY.format(model=model.model), model.dump())
        await asyncio.sleep(0.1)
        assert await snapshots.grant(held.key_hash) == held
        assert await snapshots.route(model.model) == model
        assert model in await snapshots.routes()
        await redis.delete(name)
        await redis.publish(SNAPSHOT_CHANNEL, f"grant:{held.key_hash}")
        await asyncio.sleep(0.2)
        assert await snapshots.grant(held.key_hash) is None
    finally:
        await snapshots.stop()
        await redis.delete(name, ROUTE_KEY.format(model=model.model))
        await redis.aclose()


async def test_an_emptied_redis_is_our_trouble_and_not_the_callers() -> None:
    """Where the mark is gone, nobody's key is called unknown; those that are known go on."""
    redis = aioredis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6390/1"))
    held = grant(key_hash="test-emptied")
    name = GRANT_KEY.format(key_hash=held.key_hash)
    snapshots = RedisSnapshots(redis)
    try:
        await redis.delete(SNAPSHOT_WHOLE)
        await redis.set(name, held.dump())
        assert await snapshots.grant(held.key_hash) == held
        for question in (snapshots.grant("test-nobody"), snapshots.route("test-nothing")):
            with pytest.raises(Problem) as refused:
                await question
            assert (refused.value.code, refused.value.headers) == ("overloaded", {"Retry-After": "1"})
        await redis.set(SNAPSHOT_WHOLE, "1")
        assert await snapshots.grant("test-nobody") is None  # the refusal was not remembered
    finally:
        await redis.delete(name)
        await redis.aclose()
