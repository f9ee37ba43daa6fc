"""The callers, in a process of their own: the Python SDK with its retries, and a book of what they were answered.

`python -m benchmarks.chaos.client` reads a plan from stdin (see `Plan`) and writes its book to stdout, both JSON. It
imports nothing of the product: what it wrote down is held against the ledger afterwards.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "sdk" / "python" / "src"))

from tessera import AsyncAIClient
from tessera.errors import APIStatusError, TesseraError

TEXTS = ("The delivery was quick and the staff were wonderful.", "It broke after a day, and nobody answers.",
         "It does what it says.")
CALL_S = 10.0
ENDED = ("failed", "expired", "canceled")
END_S = 90.0  # how long accepted work may go on after the last call


@dataclass(frozen=True, slots=True)
class Plan:
    """`rate` is calls a second of all callers together. `url` leads to any door, for calls of models; `rest` to the
    web processes, which alone know files, batches and the state of jobs."""

    url: str
    rest: str
    keys: list[str]
    model: str
    seconds: float
    seed: int
    callers: int = 12
    rate: float = 20.0
    retries: int = 10
    batch_lines: int = 12


@dataclass(slots=True)
class Book:
    """One row a call: [kind, place of the key, Idempotency-Key, ending, what came with it, seconds]."""

    rows: list[list[Any]] = field(default_factory=list)

    def begin(self, kind: str, place: int, name: str) -> Page:
        """Written before anything is sent: what nobody waited for to its end may be billed too."""
        row = [kind, place, name, "unknown", "no end seen", 0.0]
        self.rows.append(row)
        return Page(row, time.monotonic())


@dataclass(frozen=True, slots=True)
class Page:
    """A call's row, to be filled in."""

    row: list[Any]
    began: float

    def end(self, ending: str, facts: Any) -> None:
        self.row[3:] = [ending, facts, round(time.monotonic() - self.began, 3)]


class Callers:
    """All of them, over one SDK client for each key."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._book, self._chance = plan, Book(), random.Random(plan.seed)
        self._clients, self._others = ([AsyncAIClient(key, base_url=url, timeout=CALL_S, max_retries=plan.retries)
                                        for key in plan.keys] for url in (plan.url, plan.rest))
        self._ends = time.monotonic() + plan.seconds
        self._number = 0

    async def run(self) -> Book:
        waiting: set[asyncio.Task[None]] = set()

        async def one() -> None:
            while time.monotonic() < self._ends:
                await asyncio.sleep(self._chance.expovariate(self._plan.rate / self._plan.callers))
                if self._chance.random() < 0.85:
                    await self._answered()
                else:
                    task = asyncio.create_task(self._accepted())
                    waiting.add(task)
                    task.add_done_callback(waiting.discard)

        async def batches() -> None:
            while time.monotonic() < self._ends:
                await self._batch()

        await asyncio.gather(*(one() for _ in range(self._plan.callers)), batches())
        if waiting:
            await asyncio.wait(waiting, timeout=END_S)
        for client in (*self._clients, *self._others):
            await client.close()
        return self._book

    def _next(self) -> tuple[int, AsyncAIClient, str]:
        self._number += 1
        place = self._chance.randrange(len(self._clients))
        return place, self._clients[place], f"chaos-{self._plan.seed}-{self._number}"

    async def _answered(self) -> None:
        """One call that waits for its answer."""
        place, client, name = self._next()
        page = self._book.begin("call", place, name)
        try:
            made = await client.request(
                "POST", f"/api/v1/models/{self._plan.model}/predictions", idempotency_key=name,
                json={"input": {"text": self._chance.choice(TEXTS)}}, headers={"Prefer": "wait=60"})
        except TesseraError as error:
            page.end(*_failed(error))
        else:
            page.end("good", made.json()["usage"]["cost"])

    async def _accepted(self) -> None:
        """One job: accepted, and asked for until it has ended."""
        place, client, name = self._next()
        page = self._book.begin("job", place, name)
        try:
            job = await client.models.get(self._plan.model).submit(
                input={"text": self._chance.choice(TEXTS)}, idempotency_key=name)
        except TesseraError as error:
            page.end(*_failed(error))
            return
        state = await self._until_ended(place, f"/api/v1/predictions/{job.id}", "succeeded")
        ending = "good" if state["status"] == "succeeded" else state["status"]
        page.end(ending, (state.get("error") or {}).get("code", ""))

    async def _until_ended(self, place: int, path: str, well: str) -> dict[str, Any]:
        """The state of accepted work when it has ended, or when nobody waits any longer."""
        state: dict[str, Any] = {"status": "unknown"}
        while state["status"] not in (well, *ENDED) and time.monotonic() < self._ends + END_S:
            await asyncio.sleep(1.0)
            with suppress(TesseraError):  # its state can't be read now: it is asked again
                state = (await self._others[place].request("GET", path)).json()
        return state

    async def _batch(self) -> None:
        place, _, name = self._next()
        client = self._others[place]
        page = self._book.begin("batch", place, name)
        lines = b"".join(json.dumps({"custom_id": f"{n}", "input": {"text": self._chance.choice(TEXTS)}}).encode()
                         + b"\n" for n in range(self._plan.batch_lines))
        try:
            stored = await client.files.upload(lines, purpose="batch", filename="batch.jsonl")
            made = (await client.request("POST", "/api/v1/batches", idempotency_key=name, json={
                "input_file_id": stored.id, "model": self._plan.model})).json()
        except TesseraError as error:
            page.end(*_failed(error))
            await asyncio.sleep(1)
            return
        state = await self._until_ended(place, f"/api/v1/batches/{made['id']}", "completed")
        good = state["status"] == "completed" and state["counts"]["failed"] == 0
        page.end("good" if good else state["status"], state.get("counts"))


def _failed(error: TesseraError) -> tuple[str, str]:
    """The ending and the reason: "refused" with a code, or "unknown" where no answer came."""
    if isinstance(error, APIStatusError):
        return "refused", f"{error.status} {error.code}"
    return "unknown", type(error).__name__


def main() -> None:
    plan = Plan(**json.load(sys.stdin))
    json.dump(asyncio.run(Callers(plan).run()).rows, sys.stdout)


if __name__ == "__main__":
    main()
