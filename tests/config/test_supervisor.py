"""How the supervisor ends what it started."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from config.embedded import supervisor as supervision
from config.embedded.supervisor import Log, Service, Supervisor

SLOW = "trap 'sleep 1; exit 0' TERM; touch {ready}; while :; do sleep 0.05; done"
TALKATIVE = """
import pathlib, signal, sys, time
def end(*_):
    sys.stdout.write("draining\\n" * 40_000 + "the last word\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
pathlib.Path({ready!r}).touch()
while True: time.sleep(1)
"""


def service(name: str, command: list[str], ready: Path) -> Service:
    async def is_ready() -> bool:
        return ready.exists()

    return Service(name, command, is_ready, start_timeout=20, stop_timeout=10)


def slow(name: str, folder: Path) -> Service:
    return service(name, ["sh", "-c", SLOW.format(ready=folder / name)], folder / name)


async def test_what_started_together_drains_at_once(tmp_path: Path) -> None:
    log = Log(tmp_path / "log", quiet=True)
    supervisor = Supervisor(log, {}, tmp_path)
    await supervisor.start(slow("first", tmp_path))
    await supervisor.start(*(slow(name, tmp_path) for name in ("one", "two", "three", "four", "five")))
    began = time.monotonic()
    await supervisor.stop()
    assert 2.0 <= time.monotonic() - began < 5.0  # the five together, then what they lean on
    log.close()
    assert "did not drain" not in (tmp_path / "log").read_text()


async def test_a_part_that_has_much_to_say_while_it_drains_is_heard(tmp_path: Path) -> None:
    log = Log(tmp_path / "log", quiet=True)
    supervisor = Supervisor(log, {}, tmp_path)
    code = TALKATIVE.format(ready=str(tmp_path / "ready"))
    await supervisor.start(service("part", [sys.executable, "-c", code], tmp_path / "ready"))
    await supervisor.stop()
    log.close()
    text = (tmp_path / "log").read_text()
    assert "did not drain" not in text
    assert text.count("draining") == 40_000


async def test_after_a_failure_nobody_waits_long_for_what_is_gone(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "FAILED_DRAIN_S", 0.3)
    log = Log(tmp_path / "log", quiet=True)
    supervisor = Supervisor(log, {}, tmp_path)
    deaf = f"trap '' TERM; touch {tmp_path / 'deaf'}; while :; do sleep 0.05; done"
    await supervisor.start(service("deaf", ["sh", "-c", deaf], tmp_path / "deaf"))
    supervisor.fail("a part can't live")
    began = time.monotonic()
    await supervisor.stop()
    assert time.monotonic() - began < 8.0  # its own time is ten seconds
    log.close()
    assert "deaf did not drain in 0 s: killed" in (tmp_path / "log").read_text()
