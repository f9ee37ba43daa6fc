"""Callers that come when they come: an open-loop load, in a process of its own.

`python -m benchmarks.overload.client` reads one JSON object from stdin (see `Plan`) and writes one to stdout. Calls
start by a Poisson process whatever has become of those before; a call's time counts from the moment that it was due, so
a client that can't keep up says so. It imports nothing of the product.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import uvloop

LATE_S = 15.0  # a call without an answer after so long has none
CONNECTIONS = 3_000


@dataclass(frozen=True, slots=True)
class Plan:
    """`request` is a whole HTTP/1.1 request, `rate` calls a second; `closed` > 0: so many at once instead, each after
    its last."""

    port: int
    request: str
    rate: float
    seconds: float
    seed: int = 1
    closed: int = 0


@dataclass(slots=True)
class Seen:
    """Milliseconds of good answers and of refusals, and what the others were."""

    good: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    other: Counter[str] = field(default_factory=Counter)
    unsaid: int = 0  # refusals that don't say when to come back


class Callers:
    def __init__(self, plan: Plan) -> None:
        self._plan, self.seen = plan, Seen()
        self._request = plan.request.encode()
        self._idle: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()
        self._open = 0

    async def run(self) -> dict[str, Any]:
        plan, chance = self._plan, random.Random(self._plan.seed)
        began = time.monotonic()
        tasks: set[asyncio.Task[None]] = set()
        due, offered = began, 0
        if plan.closed:
            await asyncio.gather(*(self._one_after_another(began + plan.seconds) for _ in range(plan.closed)))
            offered = len(self.seen.good) + len(self.seen.refused) + self.seen.other.total()
        while not plan.closed:
            due += chance.expovariate(plan.rate)
            if due - began > plan.seconds:
                break
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            elif offered % 50 == 0:
                await asyncio.sleep(0)
            offered += 1
            task = asyncio.create_task(self._call(due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        seconds = time.monotonic() - began
        if tasks:
            await asyncio.wait(tasks, timeout=LATE_S + 1)
        return self._figures(offered, seconds)

    async def _one_after_another(self, ends: float) -> None:
        while time.monotonic() < ends:
            await self._call(time.monotonic())

    async def _call(self, due: float) -> None:
        link = None
        try:
            async with asyncio.timeout(LATE_S):
                link = self._idle.pop() if self._idle else await self._connect()
                status, head = await self._ask(*link)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            self.seen.other[type(error).__name__] += 1
            if link is not None:
                link[1].transport.abort()
                self._open -= 1
            return
        self._idle.append(link)
        took = (time.monotonic() - due) * 1000
        if status == 200:
            self.seen.good.append(took)
        elif status in (429, 503):
            self.seen.refused.append(took)
            self.seen.unsaid += b"retry-after:" not in head
        else:
            self.seen.other[str(status)] += 1

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._open >= CONNECTIONS:
            raise OSError("the client's own limit")
        self._open += 1
        try:
            return await asyncio.open_connection("127.0.0.1", self._plan.port)
        except BaseException:
            self._open -= 1
            raise

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[int, bytes]:
        writer.write(self._request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        at = head.find(b"content-length:")
        if at >= 0:
            await reader.readexactly(int(head[at + 15:head.index(b"\r", at)]))
        return int(head[9:12]), head

    def _figures(self, offered: int, seconds: float) -> dict[str, Any]:
        seen = self.seen
        return {
            "offered": offered, "offered_s": round(offered / seconds, 1), "good": len(seen.good),
            "good_s": round(len(seen.good) / seconds, 1), "good_p50_ms": _at(seen.good, 0.5),
            "good_p99_ms": _at(seen.good, 0.99), "refused": len(seen.refused),
            "refused_p99_ms": _at(seen.refused, 0.99), "without_retry_after": seen.unsaid,
            "other": dict(seen.other)}


def _at(times: list[float], share: float) -> float | None:
    ordered = sorted(times)
    return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 1) if ordered else None


def main() -> None:
    print(json.dumps(uvloop.run(Callers(Plan(**json.load(sys.stdin))).run())))


if __name__ == "__main__":
    main()
