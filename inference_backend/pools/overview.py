"""The pool as operators see it and what they may ask of it. Synchronous: for pages and commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import orjson
import redis

from inference_backend.pools.processes import default_budget_mb
from inference_backend.pools.store import keys_of
from inference_backend.pools.table import (
    DEMAND_PER_MINUTE,
    Pin,
    Post,
    Table,
    dump_table,
    load_post,
    load_table,
    per_minute,
    rate_of,
)

Why = Literal["pin", "policy", "demand", "recent"]


@dataclass(frozen=True, slots=True)
class Row:
    """One model that is in memory, on its way there or out, or meant to be there."""

    model: str
    state: str
    why: Why
    pinned_by: str
    mb: float
    measured: bool
    load_ms: float
    per_minute: float
    used_s_ago: float | None
    in_flight: tuple[tuple[str, int], ...]  # process → calls, only processes that hold it
    quarantined_s: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole pool at one moment."""

    rows: tuple[Row, ...]
    used_mb: float
    budget_mb: int
    processes: tuple[str, ...]
    evictions: int
    heals: int
    known: int  # models with a remembered footprint


class PoolDesk:
    """Reads the shared table of one Triton and leaves requests in it."""

    def __init__(self, redis_url: str, triton: str, *, budget_mb: int = 0) -> None:
        self._redis = redis.Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=1)
        self._keys = keys_of(triton)
        self._budget_mb = budget_mb or default_budget_mb()

    def overview(self) -> Overview:
        """Raises redis.RedisError where the table can't be read."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hget(self._keys.table, "doc")
            pipe.hgetall(self._keys.members)
            pipe.time()
            document, members, (seconds, micros) = pipe.execute()
        now = seconds + micros / 1e6
        table = load_table(orjson.loads(document)) if document else Table()
        posts = {name.decode(): load_post(orjson.loads(raw)) for name, raw in members.items()}
        posts = {name: post for name, post in posts.items() if post.alive(now)}
        rows = [_row(name, table, posts, now) for name, entry in table.models.items()
                if entry.state != "absent" or table.pinned(name) or entry.quarantined_until > now]
        rows.sort(key=lambda row: (-row.per_minute, -row.mb, row.model))
        return Overview(tuple(rows), table.used_mb(), self._budget_mb,
                        tuple(sorted(post.label for post in posts.values())), table.evictions, table.heals,
                        sum(1 for entry in table.models.values() if entry.mb))

    def pin(self, model: str, *, by: str) -> None:
        """Keeps a model in memory; the warden loads it within a second or two."""
        self._change(lambda table, now: table.pins.update({model: Pin(by, now)}))

    def unpin(self, model: str, *, by: str) -> None:
        """Lets a model go when room is needed, even where the policy would keep it."""
        self._change(lambda table, now: table.pins.update({model: Pin(by, now, keep=False)}))

    def pinned_by(self, by: str) -> set[str]:
        """The models that this one pinned."""
        document = self._redis.hget(self._keys.table, "doc")
        pins = load_table(orjson.loads(document)).pins if document else {}
        return {name for name, pin in pins.items() if pin.by == by and pin.keep}

    def forget_pin(self, model: str, *, by: str) -> None:
        """Takes back a pin of one's own; the policy decides again."""
        def change(table: Table, now: float) -> None:
            if model in table.pins and table.pins[model].by == by:
                del table.pins[model]
        self._change(change)

    def evict(self, model: str, *, by: str) -> None:
        """Asks the warden to put a model out as soon as no call needs it."""
        self._redis.publish(self._keys.channel, orjson.dumps({"by": by, "evict": [model]}))

    def release(self, model: str, *, by: str) -> None:
        """Ends a model's quarantine."""
        def change(table: Table, now: float) -> None:
            if model in table.models:
                table.models[model].quarantined_until = 0.0
                table.models[model].strikes = []
        self._change(change)

    def _change(self, change: Callable[[Table, float], Any]) -> None:
        def attempt(pipe: Any) -> None:
            version, document = pipe.hmget(self._keys.table, "v", "doc")
            seconds, micros = pipe.time()
            table = load_table(orjson.loads(document)) if document else Table()
            change(table, seconds + micros / 1e6)
            pipe.multi()
            pipe.hset(self._keys.table, mapping={"v": int(version or 0) + 1, "doc": orjson.dumps(dump_table(table))})
            pipe.publish(self._keys.channel, orjson.dumps({"by": "desk", "news": True}))

        self._redis.transaction(attempt, self._keys.table)


def _row(name: str, table: Table, posts: dict[str, Post], now: float) -> Row:
    entry, pin = table.models[name], table.pins.get(name)
    rate = per_minute(rate_of(name, posts, now))
    why: Why = "recent"
    if pin is not None and pin.keep:
        why = "policy" if pin.by == "policy" else "pin"
    elif rate >= DEMAND_PER_MINUTE:
        why = "demand"
    holds = [(post.label, post.holds[name]) for post in posts.values() if name in post.holds]
    used = max((hold.used_at for _, hold in holds), default=0.0)
    return Row(name, entry.state, why, pin.by if pin and pin.keep else "", entry.weight, entry.mb > 0, entry.load_ms,
               rate, now - used if used else None, tuple(sorted((label, hold.in_flight) for label, hold in holds)),
               max(int(entry.quarantined_until - now), 0))
