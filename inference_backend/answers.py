"""Answers that are given again: to a repeated Idempotency-Key, and from the response cache. Kept in Redis.

A claim makes one caller the runner of a request; until it finishes, others with the same key are told to wait. The
claim is a lease that its runner renews: a process that dies frees it within LEASE_MS.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from redis.exceptions import RedisError

from kernel.problems import Problem

log = logging.getLogger(__name__)

# uvloop raises RuntimeError for a write to a connection that closed a moment ago, and redis-py lets it through.
_AWAY = (TimeoutError, RedisError, OSError, RuntimeError)

LEASE_MS = 6_000  # callers with a key wait so long for a gateway that was killed under it
KEEP_S = 24 * 3600
MAX_ANSWER = 1 << 20  # a larger answer is not kept: its repeat is refused with 409
TOO_LARGE = b""

_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
_DROP = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
_FINISH = """
local now = redis.call('GET', KEYS[1])
if now == false or now == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) return 1 end
return 0
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request with a key is: ours to run, running elsewhere, or answered (`answer`, TOO_LARGE where it was not
    kept). `body_hash` is that of the request that came first."""

    state: Literal["ours", "running", "answered"]
    body_hash: bytes
    answer: bytes = b""


class Answers(Protocol):
    """Stored answers. `claim` raises Problem overloaded where the store is away; the others never raise."""

    async def claim(self, name: str, body_hash: bytes, token: bytes) -> Claim: ...

    async def renew(self, name: str, body_hash: bytes, token: bytes) -> None: ...

    async def finish(self, name: str, body_hash: bytes, token: bytes, answer: bytes) -> None: ...

    async def drop(self, name: str, body_hash: bytes, token: bytes) -> None: ...

    async def cached(self, name: str) -> bytes | None: ...

    async def cache(self, name: str, answer: bytes, seconds: int) -> None: ...


class RedisAnswers:
    """`Answers` over `redis.asyncio`. A record is ``R|A``, the 32-byte hash of the request's body, and the runner's
    token or the answer."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._renew = redis.register_script(_RENEW)
        self._drop = redis.register_script(_DROP)
        self._finish = redis.register_script(_FINISH)

    async def claim(self, name: str, body_hash: bytes, token: bytes) -> Claim:
        key = _idempotency(name)
        try:
            for _ in range(3):
                if await self._redis.set(key, b"R" + body_hash + token, nx=True, px=LEASE_MS):
                    return Claim("ours", body_hash)
                record = await self._redis.get(key)
                if record is not None:
                    return _claimed(record)
        except _AWAY as error:
            raise Problem("overloaded", "idempotent calls can't be told apart at the moment",
                          headers={"Retry-After": "1"}) from error
        return Claim("running", body_hash)  # others come and go faster than we can look

    async def renew(self, name: str, body_hash: bytes, token: bytes) -> None:
        await self._quietly(self._renew(keys=[_idempotency(name)], args=[b"R" + body_hash + token, LEASE_MS]))

    async def finish(self, name: str, body_hash: bytes, token: bytes, answer: bytes) -> None:
        kept = answer if len(answer) <= MAX_ANSWER else TOO_LARGE
        await self._quietly(self._finish(
            keys=[_idempotency(name)], args=[b"R" + body_hash + token, b"A" + body_hash + kept, KEEP_S]))

    async def drop(self, name: str, body_hash: bytes, token: bytes) -> None:
        await self._quietly(self._drop(keys=[_idempotency(name)], args=[b"R" + body_hash + token]))

    async def cached(self, name: str) -> bytes | None:
        found = await self._quietly(self._redis.get("answer:" + name))
        return bytes(found) if found else None

    async def cache(self, name: str, answer: bytes, seconds: int) -> None:
        if len(answer) <= MAX_ANSWER:
            await self._quietly(self._redis.set("answer:" + name, answer, ex=seconds))

    @staticmethod
    async def _quietly(answer: Any) -> Any:
        """A store that is away costs a repeat its answer (the ledger still knows that it was billed), not this call."""
        try:
            return await answer
        except _AWAY as error:
            log.warning("the store of answers is away: %s", error)
            return None


def _idempotency(name: str) -> str:
    return "idempotency:" + name


def _claimed(record: bytes) -> Claim:
    body_hash, rest = record[1:33], record[33:]
    return Claim("running", body_hash) if record[:1] == b"R" else Claim("answered", body_hash, rest)
