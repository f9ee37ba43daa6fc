"""What became of the calls of each version, over all processes: the figures that a rollout is watched by.

A process counts in its own memory and adds what is new to Redis every second, so a process that ends takes nothing
along but its last second. Durations go into buckets a fifth apart: fine enough for a percentile, and sums of buckets
are buckets again. The time that loading took is left out: the first call of a new version says nothing of it.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import redis
import redis.asyncio as aioredis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

FLUSH_S = 1.0
KEEP_S = 40 * 86_400
LEAST_MS = 0.1
STEP = 1.2
KEY = "variant:{model}:{version}"

Result = Literal["ok", "failed", "refused"]


@dataclass(slots=True)
class Counts:
    """Calls of one version: `failed` are the version's faults (5xx), `refused` inputs that it did not take; the
    answered ones are in buckets by duration."""

    calls: int = 0
    failed: int = 0
    refused: int = 0
    buckets: dict[int, int] = field(default_factory=dict)

    def __sub__(self, other: Counts) -> Counts:
        """What came since `other`."""
        return Counts(self.calls - other.calls, self.failed - other.failed, self.refused - other.refused,
                      {b: n for b in self.buckets if (n := self.buckets[b] - other.buckets.get(b, 0)) > 0})

    @property
    def answered(self) -> int:
        return sum(self.buckets.values())

    @property
    def error_rate(self) -> float:
        return (self.failed + self.refused) / self.calls if self.calls else 0.0

    def quantile_ms(self, share: float) -> float:
        """The upper bound of the bucket in which this share of the answers is reached; 0.0 without any."""
        left = share * self.answered
        for number in sorted(self.buckets):
            left -= self.buckets[number]
            if left <= 1e-9:
                return LEAST_MS * STEP ** (number + 1)
        return 0.0

    def dump(self) -> dict[str, int]:
        return {"calls": self.calls, "failed": self.failed, "refused": self.refused,
                **{f"b{number}": count for number, count in self.buckets.items()}}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Counts:
        return cls(int(data.get("calls", 0)), int(data.get("failed", 0)), int(data.get("refused", 0)),
                   {int(name[1:]): int(n) for name, n in data.items() if name[0] == "b"})


def bucket(milliseconds: float) -> int:
    return max(int(math.log(max(milliseconds, LEAST_MS) / LEAST_MS, STEP)), 0)


class Variants:
    """This process's part."""

    def __init__(self) -> None:
        self._fresh: dict[tuple[str, int], Counts] = defaultdict(Counts)

    def note(self, model: str, version: int, result: Result, milliseconds: float) -> None:
        counts = self._fresh[model, version]
        counts.calls += 1
        if result == "ok":
            number = bucket(milliseconds)
            counts.buckets[number] = counts.buckets.get(number, 0) + 1
        elif result == "failed":
            counts.failed += 1
        else:
            counts.refused += 1

    async def publish(self, redis_url: str) -> None:
        """Until cancelled; then once more."""
        connection: Any = aioredis.Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=1)
        try:
            while True:
                await asyncio.sleep(FLUSH_S)
                await self._flush(connection)
        finally:
            await self._flush(connection)
            await connection.aclose()

    async def _flush(self, connection: Any) -> None:
        fresh, self._fresh = self._fresh, defaultdict(Counts)
        if not fresh:
            return
        try:
            async with connection.pipeline(transaction=False) as pipe:
                for (model, version), counts in fresh.items():
                    key = KEY.format(model=model, version=version)
                    for name, number in counts.dump().items():
                        if number:
                            pipe.hincrby(key, name, number)
                    pipe.expire(key, KEEP_S)
                await pipe.execute()
        except (RedisError, OSError) as error:
            log.debug("the figures of versions were not published: %s", error)


def read_counts(redis_url: str, model: str, versions: Iterable[int]) -> dict[int, Counts]:
    """What all processes counted of these versions so far. Raises redis.RedisError."""
    connection: Any = redis.Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=1)
    try:
        return {version: Counts.load({name.decode(): value for name, value in connection.hgetall(
            KEY.format(model=model, version=version)).items()}) for version in versions}
    finally:
        connection.close()
