"""The broken ways of metering under the storm's own callers and audit: each must be seen to lose or to double, and the
right way must not. Without these the storm's zeros would say nothing."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.billing import lean_gateway
from benchmarks.billing.callers import Account, Audit, Target, Truth, audit, load
from benchmarks.gateway.processes import free_port
from billing import selectors

pytestmark = [pytest.mark.stack, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parents[2]
PATH = "/call"
KILLS = 8


def storm(dsn: str, mode: str, *, sends_key: bool = True) -> Audit:
    """Kills the lean gateway `KILLS` times while 16 callers call."""
    port, truth = free_port(), Truth()
    accounts = [Account(org_id, str(org_id)) for org_id in range(1, 6)]
    target = Target([port], PATH, b"{}", sends_key=sends_key)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "benchmarks.billing.lean_gateway", str(port), mode], cwd=ROOT,
                                env={**os.environ, "DATABASE_URL": dsn})

    async def kill_on(process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        chance = random.Random(3)
        for _ in range(KILLS):
            seen = sum(truth.answers.values())
            until = time.monotonic() + 90
            while sum(truth.answers.values()) < seen + 30:  # it serves again
                assert time.monotonic() < until, "the gateway did not come back"
                await asyncio.sleep(0.01)
            await asyncio.sleep(chance.random() / 10)
            process.kill()
            process.wait()
            process = start()
        return process

    async def run() -> subprocess.Popen[bytes]:
        killing = asyncio.create_task(kill_on(start()))
        await load(target, accounts, truth, callers=16, go_on=lambda begun: not killing.done())
        return await killing

    process = asyncio.run(run())
    time.sleep(4 * lean_gateway.FLUSH_S)  # what is still on its way to the ledger
    process.kill()
    process.wait()
    return audit(dsn, truth, PATH, model=lean_gateway.MODEL)


def test_the_right_way_loses_and_doubles_nothing(dsn: str) -> None:
    found = storm(dsn, "sound")
    assert (found.lost, found.double, found.wrong_accounts, found.unknown) == (0, 0, 0, 0)
    assert found.calls >= 30 * KILLS
    assert found.billed_before > 0, "no kill fell between a commit and its answer: the storm was too weak"
    assert selectors.rollup_differences() == []


def test_answering_first_loses(dsn: str) -> None:
    found = storm(dsn, "ack_first")
    assert found.lost > 0
    assert found.wrong_accounts > 0


def test_a_fresh_id_for_each_attempt_doubles(dsn: str) -> None:
    # Each call is billed under an id that its key does not give, so all of them are strays: what matters is that
    # there are more of them than calls.
    found = storm(dsn, "fresh_id")
    assert found.double > found.calls


def test_repeating_without_a_key_doubles(dsn: str) -> None:
    found = storm(dsn, "sound", sends_key=False)
    assert found.double > found.calls
