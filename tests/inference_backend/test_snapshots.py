"""Grants and routes from a real Redis: an announced change is seen at once."""

from __future__ import annotations

import asyncio
import os

import pytest
import redis.asyncio as aioredis
from doubles import grant, route

from inference_backend.snapshots import RedisSnapshots
from kernel.contracts import GRANT_KEY, ROUTE_KEY, SNAPSHOT_CHANNEL

pytestmark = pytest.mark.stack


async def test_a_revoked_key_is_gone_within_a_moment() -> None:
    redis = aioredis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6390/1"))
    held = grant(key_hash="test-snapshot")
    name, model = GRANT_KEY.format(key_hash=held.key_hash), route("test-snapshot")
    snapshots = RedisSnapshots(redis)
    await snapshots.start()
    try:
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
