"""One storm: callers and probes call, faults strike in the order that the seed deals them, and then the books are
compared. A fault follows when every door has been good again for a while."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from benchmarks.chaos.audit import Row, audit, endings, wait_for_work
from benchmarks.chaos.client import END_S, TEXTS, Plan
from benchmarks.chaos.faults import Fault
from config.env import ROOT, Environment

PROBE_S = 5.0  # a probe without an answer after so long has failed
PROBE_EVERY_S = 0.3
GOOD_AGAIN = 3  # good probes in a row, of every door
GIVE_UP_S = 45.0  # after so long the next fault comes all the same


@dataclass(frozen=True, slots=True)
class Account:
    """An organization and its key."""

    org_id: int
    key: str


@dataclass(frozen=True, slots=True)
class Probe:
    """One call without a second try: when it was sent, when it ended, whether it was good."""

    sent: float
    ended: float
    good: bool


class Probes:
    """Calls every door by turns, without retries."""

    def __init__(self, doors: dict[str, int], account: Account, place: int, model: str, seed: int) -> None:
        self._account, self._place, self._model, self._seed = account, place, model, seed
        self.seen: dict[str, list[Probe]] = {name: [] for name in doors}
        self.rows: list[Row] = []
        self._doors = doors

    async def run(self) -> None:
        await asyncio.gather(*(self._door(name, port) for name, port in self._doors.items()))

    async def _door(self, name: str, port: int) -> None:
        url = f"http://127.0.0.1:{port}/api/v1/models/{self._model}/predictions"
        number = 0
        while True:
            number += 1
            sent, good, key = time.monotonic(), False, f"probe-{self._seed}-{port}-{number}"
            row: Row = ["probe", self._place, key, "unknown", "", 0.0]
            self.rows.append(row)  # before it is sent: one that is cut off may be billed too
            with contextlib.suppress(httpx.HTTPError, TimeoutError):
                async with asyncio.timeout(PROBE_S), httpx.AsyncClient(timeout=PROBE_S) as http:
                    answer = await http.post(url, json={"input": {"text": TEXTS[0]}}, headers={
                        "Authorization": f"Bearer {self._account.key}", "Idempotency-Key": key})
                    good = answer.status_code == 200
            self.seen[name].append(Probe(sent, time.monotonic(), good))
            row[3] = "good" if good else "refused"
            await asyncio.sleep(PROBE_EVERY_S)

    def good_since(self, moment: float) -> bool:
        """Whether the last probes of every door are good, all of them sent after the moment."""
        return all(len(later := [probe for probe in seen[-GOOD_AGAIN:] if probe.sent > moment]) == GOOD_AGAIN
                   and all(probe.good for probe in later) for seen in self.seen.values())

    def back_after(self, struck: float, healed: float) -> float:
        """Seconds from the end of a fault to the first good call behind the last that failed, at the slowest door."""
        worst = 0.0
        for seen in self.seen.values():
            since = [probe for probe in seen if probe.ended > struck]
            failed = max((place for place, probe in enumerate(since) if not probe.good), default=None)
            if failed is not None:
                again = since[failed + 1].ended if failed + 1 < len(since) else time.monotonic()
                worst = max(worst, again - healed)
        return worst


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault that was struck, and how long the product needed after it."""

    name: str
    rto_s: float


async def storm(env: Environment, accounts: list[Account], doors: dict[str, int], balancer: int, cards: deque[Fault],
                shuffled: Callable[[], list[Fault]], *, model: str, seconds: float, seed: int) -> dict[str, Any]:
    """The figures of one seed. `cards` are dealt from the left and filled up by `shuffled`; what is left is for the
    next seed, so that all faults have their turn."""
    orgs = [account.org_id for account in accounts]
    probes = Probes(doors, accounts[-1], len(accounts) - 1, model, seed)
    probing = asyncio.create_task(probes.run())
    plan = Plan(f"http://127.0.0.1:{balancer}", f"http://127.0.0.1:{doors['web']}",
                [account.key for account in accounts[:-1]], model, seconds, seed)
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.chaos.client", cwd=ROOT, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE)
    book = asyncio.create_task(client.communicate(json.dumps(asdict(plan)).encode()))
    began = time.monotonic()
    chance, struck = random.Random(seed), list[Struck]()
    try:
        while not probes.good_since(0.0):
            await asyncio.sleep(0.1)
        while time.monotonic() - began < seconds - 3:
            if not cards:
                cards.extend(shuffled())
            fault = cards.popleft()
            await asyncio.sleep(chance.uniform(0.3, 1.2))
            done = await _strike(fault, probes)
            if done is not None:
                struck.append(done)
                print(f"  seed {seed}: {done.name:<26} good again after {done.rto_s:5.1f} s", flush=True)
        output, _ = await asyncio.wait_for(book, seconds + END_S * 2)
    finally:
        probing.cancel()
        if client.returncode is None:
            client.kill()
    rows: list[Row] = json.loads(output) + probes.rows
    unfinished = await asyncio.to_thread(wait_for_work, env.database_url, orgs, 60.0)
    await asyncio.sleep(2)  # writers that withheld an answer take its entry back
    found = await asyncio.to_thread(audit, env.database_url, orgs, model, rows, unfinished)
    slowest = max(struck, key=lambda each: each.rto_s, default=Struck("", 0.0))
    return {"seed": seed, "faults": len(struck), **asdict(found), "rto_max_s": round(slowest.rto_s, 1),
            "slowest": slowest.name, "probes": len(probes.rows), "slowest_call_s": max(row[5] for row in rows),
            "endings": endings(rows), "struck": {each.name: round(each.rto_s, 1) for each in struck}}


async def _strike(fault: Fault, probes: Probes) -> Struck | None:
    """Strikes, waits, heals, and waits until every door is good again; None where there was nothing to strike."""
    struck = time.monotonic()
    if not await asyncio.to_thread(fault.strike):
        return None
    try:
        await asyncio.sleep(fault.lasts_s)
    finally:
        await asyncio.to_thread(fault.heal)
    healed = time.monotonic()
    while not probes.good_since(healed) and time.monotonic() - healed < GIVE_UP_S:
        await asyncio.sleep(0.1)
    return Struck(fault.name, probes.back_after(struck, healed))
