"""The store of answers on a real Redis: claims exclude each other, leases end, sizes are bounded."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator

import pytest
import redis.asyncio as aioredis

from inference_backend import answers
from inference_backend.answers import MAX_ANSWER, TOO_LARGE, RedisAnswers
from kernel.problems import Problem

pytestmark = pytest.mark.stack

HASH, TOKEN, OTHER = b"h" * 32, b"t" * 16, b"u" * 16


@pytest.fixture
async def store() -> AsyncIterator[RedisAnswers]:
    connection = aioredis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6390/1"))
    yield RedisAnswers(connection)
    await connection.aclose()


@pytest.fixture
def name() -> str:
    return secrets.token_hex(8)


async def test_one_of_many_runs_and_the_others_get_its_answer(store: RedisAnswers, name: str) -> None:
    claims = await asyncio.gather(*(store.claim(name, HASH, secrets.token_bytes(16)) for _ in range(30)))
    assert sorted(claim.state for claim in claims) == ["ours"] + ["running"] * 29
    await store.finish(name, HASH, b"not the runner's", b"forged")
    assert (await store.claim(name, HASH, OTHER)).state == "running"


async def test_an_answer_is_kept_with_its_body_hash(store: RedisAnswers, name: str) -> None:
    await store.claim(name, HASH, TOKEN)
    await store.drop(name, HASH, OTHER)
    assert (await store.claim(name, b"x" * 32, OTHER)).body_hash == HASH
    await store.finish(name, HASH, TOKEN, b"\0answer")
    found = await store.claim(name, HASH, OTHER)
    assert (found.state, found.answer, found.body_hash) == ("answered", b"\0answer", HASH)


async def test_a_dropped_claim_and_a_dead_runner_free_the_key(
    store: RedisAnswers, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.claim(name, HASH, TOKEN)
    await store.drop(name, HASH, TOKEN)
    monkeypatch.setattr(answers, "LEASE_MS", 150)
    assert (await store.claim(name, HASH, TOKEN)).state == "ours"
    await asyncio.sleep(0.1)
    await store.renew(name, HASH, TOKEN)
    await asyncio.sleep(0.1)
    assert (await store.claim(name, HASH, OTHER)).state == "running"
    await asyncio.sleep(0.2)
    assert (await store.claim(name, HASH, OTHER)).state == "ours"


async def test_a_large_answer_is_only_remembered(store: RedisAnswers, name: str) -> None:
    await store.claim(name, HASH, TOKEN)
    await store.finish(name, HASH, TOKEN, b"x" * (MAX_ANSWER + 1))
    assert (await store.claim(name, HASH, OTHER)).answer == TOO_LARGE
    await store.cache(name, b"x" * (MAX_ANSWER + 1), 60)
    assert await store.cached(name) is None
    await store.cache(name, b"x", 60)
    assert await store.cached(name) == b"x"


async def test_without_redis_nothing_is_claimed_and_nothing_else_fails() -> None:
    store = RedisAnswers(aioredis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1))
    with pytest.raises(Problem) as caught:
        await store.claim("n", HASH, TOKEN)
    assert caught.value.code == "overloaded"
    await store.finish("n", HASH, TOKEN, b"a")
    assert await store.cached("n") is None
