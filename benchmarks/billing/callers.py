"""Callers that count for themselves: what they were answered is the truth that the ledger is held against.

A caller repeats a call under its Idempotency-Key until it has a definite answer, as the SDK does. Nothing here asks the
product what it did; `audit` compares afterwards.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal
from uuid import NAMESPACE_URL, UUID, uuid5

import psycopg

Ending = Literal["answered", "billed before", "unknown"]
GIVE_UP_S = 60.0
ANSWER_S = 15.0


@dataclass(frozen=True, slots=True)
class Account:
    """Who pays, and the API key that calls."""

    org_id: int
    key: str


@dataclass(slots=True)
class Truth:
    """What the callers saw: each call's ending, and each account's answers and their cost in minor units."""

    endings: dict[tuple[int, str], Ending] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    cost: dict[int, Decimal] = field(default_factory=dict)
    attempts: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0

    def record(self, account: Account, key: str, ending: Ending, cost: Decimal, took_s: float) -> None:
        self.endings[account.org_id, key] = ending
        self.slowest_s = max(self.slowest_s, took_s)
        if ending == "answered":
            self.answers[account.org_id] += 1
            self.cost[account.org_id] = self.cost.get(account.org_id, Decimal(0)) + cost


@dataclass(frozen=True, slots=True)
class Target:
    """What is called: the ports of gateways that stand for each other, and one request."""

    ports: Sequence[int]
    path: str
    body: bytes
    content_type: str = "application/json"
    sends_key: bool = True  # False: the broken control that repeats without an Idempotency-Key


class Caller:
    """One caller: a kept connection to one of the gateways, another after any trouble."""

    def __init__(self, target: Target, truth: Truth, seed: int) -> None:
        self._target, self._truth, self._chance = target, truth, random.Random(seed)
        self._link: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, account: Account, key: str) -> None:
        """One call until it has its ending."""
        began, pause = time.monotonic(), 0.01
        while time.monotonic() - began < GIVE_UP_S:
            self._truth.attempts += 1
            try:
                async with asyncio.timeout(ANSWER_S):
                    status, headers, body = await self._ask(account, key)
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                self._truth.refusals[type(error).__name__] += 1
                self.hang_up()
            else:
                if status == 200:
                    # "0.0001 USD": the major unit has two decimals
                    cost = Decimal(headers["x-cost"].split()[0]) * 100
                    self._truth.record(account, key, "answered", cost, time.monotonic() - began)
                    return
                code = _code(body)
                self._truth.refusals[f"{status} {code}"] += 1
                if code == "conflict":
                    self._truth.record(account, key, "billed before", Decimal(0), time.monotonic() - began)
                    return
                if status < 500 and code not in ("idempotency_in_progress", "rate_limited", "concurrency_limited"):
                    raise RuntimeError(f"a call was refused for good: {status} {body[:300]!r}")
            await asyncio.sleep(pause * (0.5 + self._chance.random()))
            pause = min(pause * 2, 0.5)
        self._truth.record(account, key, "unknown", Decimal(0), time.monotonic() - began)

    def hang_up(self) -> None:
        if self._link is not None:
            self._link[1].close()
            self._link = None

    async def _ask(self, account: Account, key: str) -> tuple[int, dict[str, str], bytes]:
        target = self._target
        if self._link is None:
            self._link = await asyncio.open_connection("127.0.0.1", self._chance.choice(list(target.ports)))
        reader, writer = self._link
        named = f"Idempotency-Key: {key}\r\n" if target.sends_key else ""
        writer.write(f"POST {target.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {account.key}\r\n{named}"
                     f"Content-Type: {target.content_type}\r\nContent-Length: {len(target.body)}\r\n\r\n".encode()
                     + target.body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return int(head[0].split()[1]), headers, body


async def load(target: Target, accounts: Sequence[Account], truth: Truth, *, callers: int, go_on: Callable[[int], bool],
               seed: int = 1) -> None:
    """Calls by `callers` at once while `go_on(calls begun)`; returns when every begun call has its ending."""
    chance, begun = random.Random(seed), 0

    async def one(number: int) -> None:
        nonlocal begun
        caller = Caller(target, truth, seed * 1000 + number)
        while go_on(begun):
            begun += 1
            await caller.call(chance.choice(accounts), f"storm-{seed}-{begun}")
        caller.hang_up()

    await asyncio.gather(*(one(number) for number in range(callers)))


@dataclass(frozen=True, slots=True)
class Audit:
    """The ledger held against the callers. `lost`: answered, not billed. `double`: billed beyond once a call.
    `wrong_accounts`: whose hourly sums are not what its callers count."""

    calls: int
    lost: int
    double: int
    wrong_accounts: int
    billed_before: int
    unknown: int


def event_id(org_id: int, path: str, key: str) -> UUID:
    """The id that bills a call with an Idempotency-Key, as the gateway's documentation says."""
    return uuid5(NAMESPACE_URL, f"tessera:idempotency:{org_id}:{path}:{key}:0")


def audit(dsn: str, truth: Truth, path: str, *, model: str) -> Audit:
    """Reads what was billed: corrections count with the entry that they correct."""
    orgs = sorted({org_id for org_id, _ in truth.endings})
    with psycopg.connect(dsn) as connection:
        billed = dict(connection.execute(
            "SELECT coalesce(corrects, event_id), sum(units)::bigint FROM billing_usage_event "
            "WHERE org_id = ANY(%s) AND model = %s GROUP BY 1", [orgs, model]).fetchall())
        sums = {org: (units, amount) for org, units, amount in connection.execute(
            "SELECT org_id, sum(units)::bigint, sum(amount) FROM billing_usage_rollup_hour "
            "WHERE org_id = ANY(%s) AND model = %s GROUP BY 1", [orgs, model]).fetchall()}
    lost = double = 0
    silent: Counter[int] = Counter()  # calls that were billed, at most once each, without an answer that arrived
    for (org_id, key), ending in truth.endings.items():
        units = billed.pop(event_id(org_id, path, key), 0)
        if ending == "answered":
            lost += units < 1
        else:
            silent[org_id] += min(units, 1)
        double += max(0, units - 1)
    double += sum(max(0, units) for units in billed.values())  # entries that no call accounts for
    wrong = 0
    for org_id in orgs:
        units, amount = sums.get(org_id, (0, Decimal(0)))
        answers, cost = truth.answers[org_id], truth.cost.get(org_id, Decimal(0))
        each = cost / answers if answers else Decimal(0)
        wrong += units != answers + silent[org_id] or amount != cost + each * silent[org_id]
    endings = Counter(truth.endings.values())
    return Audit(len(truth.endings), lost, double, wrong, endings["billed before"], endings["unknown"])


def _code(body: bytes) -> str:
    with suppress(ValueError):
        document = json.loads(body)
        if isinstance(document, dict):
            found = document.get("code") or (document.get("error") or {})
            return str(found.get("code", "") if isinstance(found, dict) else found)
    return ""
