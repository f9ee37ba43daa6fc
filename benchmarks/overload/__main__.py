"""`python -m benchmarks.overload [--seconds 10] [--soak=minutes]`: what happens at and beyond the product's capacity.

Finds what the running product can do (C calls a second of a model of some milliseconds), and then offers 0.7 C, 2 C and
10 C; then one tenant's 2 C beside another's few calls; then, if asked, 0.5 C for a long time. The last line is one JSON
object; the exit status is 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.gateway.processes import command_line, pss_mb, tree
from benchmarks.overload.target import MODEL, Tenant, prepare
from config.env import ROOT, Environment, load

QUIET_SHARE = 0.05  # of the capacity: the tenant that must not notice asks for far less than its half
SPIN_S = 3.0
NORMAL_MS = 500.0
BARS: dict[str, tuple[str, Callable[[dict[str, Any]], bool]]] = {
    "p99_at_0.7": ("p99 ≤ 150 ms at 0.7 C", lambda f: f["at_0.7"]["good_p99_ms"] <= 150),
    "good_at_0.7": ("≥ 99.9 % good at 0.7 C", lambda f: f["at_0.7"]["good"] >= 0.999 * f["at_0.7"]["offered"]),
    "goodput_at_2": ("goodput ≥ 0.8 C at 2 C", lambda f: f["at_2"]["good_s"] >= 0.8 * f["capacity_s"]),
    "refusals_at_2": ("the rest 429 or 503 with Retry-After", lambda f: not (
        f["at_2"]["other"] or f["at_2"]["without_retry_after"])),
    "refused_fast_at_2": ("refusals' p99 ≤ 200 ms", lambda f: (f["at_2"]["refused_p99_ms"] or 0) <= 200),
    "nothing_dies_at_10": ("nothing dies at 10 C", lambda f: f["at_10"]["died"] == 0),
    "back_after_10": ("good again ≤ 10 s after 10 C", lambda f: f["at_10"]["back_s"] <= 10),
    "neighbour_errors": ("the other tenant has no error", lambda f: f["neighbour"]["errors"] == 0),
    "neighbour_p99": ("the other tenant's p99 ≤ 2 ×", lambda f: f["neighbour"]["p99_ratio"] <= 2),
    "soak_flat": ("memory, descriptors and shared memory stay flat", lambda f: "soak" not in f or f["soak"]["flat"]),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="of each step")
    parser.add_argument("--soak", type=float, default=30, help="minutes; 0 leaves it out")
    given = parser.parse_args()
    env = load()
    one, other = prepare(env)
    port = env.gateway_port
    _back(port, one)  # the first call loads the model
    _offer(port, one, 0, SPIN_S, closed=8)
    most = _offer(port, one, 0, given.seconds, closed=32)
    capacity = float(most["good_s"])
    if not capacity:
        raise RuntimeError(f"nothing is answered: {most}")
    found: dict[str, Any] = {"model": MODEL, "capacity_s": capacity}
    print(f"capacity: {capacity} calls/s", flush=True)
    for name, factor in (("at_0.7", 0.7), ("at_2", 2.0)):
        found[name] = _shown(name, _offer(port, one, capacity * factor, given.seconds))
        _back(port, one)
    found["at_10"] = _shown("at_10", _flood(env, port, one, capacity * 10, given.seconds))
    found["neighbour"] = _shown("neighbour", _neighbour(port, one, other, capacity, given.seconds))
    if given.soak:
        found["soak"] = _shown("soak", _soak(env, port, one, capacity / 2, given.soak * 60))
    missed = [text for text, kept in BARS.values() if not kept(found)]
    found["missed"] = missed
    for text in missed:
        print(f"missed: {text}")
    print(json.dumps(found))
    return 1 if missed else 0


def _start(port: int, tenant: Tenant, rate: float, seconds: float, *, closed: int = 0,
           seed: int = 1) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.overload.client"], cwd=ROOT, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    json.dump({"port": port, "request": tenant.request(port), "rate": rate, "seconds": seconds, "closed": closed,
               "seed": seed}, process.stdin)
    process.stdin.close()
    return process


def _end(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    text = process.stdout.read()
    if process.wait():
        raise RuntimeError("the callers failed")
    figures: dict[str, Any] = json.loads(text)
    return figures


def _offer(port: int, tenant: Tenant, rate: float, seconds: float, *, closed: int = 0) -> dict[str, Any]:
    return _end(_start(port, tenant, rate, seconds, closed=closed))


def _shown(name: str, figures: dict[str, Any]) -> dict[str, Any]:
    print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in figures.items()), flush=True)
    return figures


def _processes(env: Environment) -> dict[int, str]:
    """Everything of the product that must live on: pid → command."""
    ours = os.getpid()
    root = int((env.var / "supervisor.pid").read_text())
    return {pid: command_line(pid) for pid in tree([root], without=[ours]) if "benchmarks." not in command_line(pid)}


def _flood(env: Environment, port: int, tenant: Tenant, rate: float, seconds: float) -> dict[str, Any]:
    before = _processes(env)
    figures = _offer(port, tenant, rate, seconds)
    back = _back(port, tenant)
    named = ("config.", "tritonserver", "stub", "redis-server", "celery")  # not what comes and goes
    died = [pid for pid, command in before.items()
            if any(name in command for name in named) and not Path(f"/proc/{pid}").exists()]
    return {**figures, "died": len(died), "back_s": back}


def _back(port: int, tenant: Tenant) -> float:
    """Seconds until ten calls in a row are good and not slow; at most 60."""
    body = tenant.request(port).split("\r\n\r\n", 1)[1].encode()
    began, good = time.monotonic(), 0
    while good < 10 and time.monotonic() - began < 60:
        sent = time.monotonic()
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/v2/models/{MODEL}/infer", data=body,
            headers={"X-API-Key": tenant.key, "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
                answer.read()
            good = good + 1 if (time.monotonic() - sent) * 1000 < NORMAL_MS else 0
        except (OSError, urllib.error.URLError):
            good = 0
            time.sleep(0.1)
    return round(time.monotonic() - began, 2)


def _neighbour(port: int, noisy: Tenant, quiet: Tenant, capacity: float, seconds: float) -> dict[str, Any]:
    """The quiet tenant beside another that asks for 0.7 C, and beside the same that asks for 2 C."""
    few = max(1.0, capacity * QUIET_SHARE)
    beside = _start(port, noisy, capacity * 0.7, seconds + 1)
    before = _offer(port, quiet, few, seconds)
    _end(beside)
    _back(port, quiet)
    beside = _start(port, noisy, capacity * 2, seconds + 1)
    crowded = _offer(port, quiet, few, seconds)
    flood = _end(beside)
    return {"errors": crowded["offered"] - crowded["good"], "p99_ms_before": before["good_p99_ms"],
            "p99_ms": crowded["good_p99_ms"], "p50_ms_before": before["good_p50_ms"], "p50_ms": crowded["good_p50_ms"],
            "p99_ratio": round(crowded["good_p99_ms"] / before["good_p99_ms"], 2) if crowded["good"] else 99.0,
            "noisy_good_s": flood["good_s"], "noisy_refused": flood["refused"]}


def _soak(env: Environment, port: int, tenant: Tenant, rate: float, seconds: float) -> dict[str, Any]:
    """Half of the capacity for a long time; a third of it passes before anything is compared."""
    held = []
    callers = _start(port, tenant, rate, seconds)
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        time.sleep(min(10.0, seconds / 12))
        pids = list(_processes(env))
        held.append((pss_mb(pids), sum(_descriptors(pid) for pid in pids),
                     sum(file.stat().st_blocks for file in Path("/dev/shm").glob("*")) / 2048))  # noqa: S108
    figures = _end(callers)
    third = max(1, len(held) // 3)
    first, last = ([sum(column) / third for column in zip(*part, strict=True)]
                   for part in (held[third:2 * third], held[-third:]))
    grown = [round(now / before - 1, 3) if before else 0.0 for before, now in zip(first, last, strict=True)]
    return {"minutes": round(seconds / 60, 1), "good": figures["good"], "offered": figures["offered"],
            "p99_ms": figures["good_p99_ms"], "memory_mb": round(last[0]), "memory_grown": grown[0],
            "descriptors": round(last[1]), "descriptors_grown": grown[1], "shared_memory_mb": round(last[2], 1),
            "shared_memory_grown": grown[2], "flat": all(share <= 0.05 for share in grown)}


def _descriptors(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
