"""The Python SDK against raw httpx on the same call of the running product, call by call in turn.

Each round makes three calls one after the other, in an order that changes from round to round: httpx with the same
body, headers and JSON reading; the SDK blocking; raw again, so that the noise of the machine itself is seen. What the
SDK adds is the median over the rounds of (SDK − raw of the same round), and beside it the difference of the processor
time that this process took, which other work on the machine does not touch. The asynchronous client is measured so too.
Bar: 1 ms at the median, for both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "sdk" / "python" / "src"))

from tessera import AIClient, AsyncAIClient  # noqa: E402

MODEL, TEXT = "sentiment-en", "The delivery was quick and the staff were wonderful."
BAR_MS = 1.0


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _note(found: dict[str, list[float]], name: str, began: tuple[float, float], *, counts: bool) -> None:
    ended = _clocks()
    if counts:  # not while it warms up
        found[name].append((ended[0] - began[0]) * 1000)
        found[f"{name} cpu"].append((ended[1] - began[1]) * 1000)


def _raw_call(http: httpx.Client, key: str) -> Any:
    answer = http.post(f"/api/v1/models/{MODEL}/predictions", json={"input": {"text": TEXT}}, headers={
        "Authorization": f"Bearer {key}", "Prefer": "wait=60", "Idempotency-Key": str(uuid.uuid4())})
    answer.raise_for_status()
    return answer.json()


def blocking(url: str, key: str, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each call, by who made it."""
    found: dict[str, list[float]] = defaultdict(list)
    with httpx.Client(base_url=url, timeout=60) as http, AIClient(key, base_url=url) as client:
        model = client.models.get(MODEL)
        calls = {"raw": lambda: _raw_call(http, key), "sdk": lambda: model.predict(text=TEXT),
                 "again": lambda: _raw_call(http, key)}
        for number in range(-20, rounds):
            order = list(calls)[number % 3:] + list(calls)[:number % 3]
            for name in order:
                clocks = _clocks()
                calls[name]()
                _note(found, name, clocks, counts=number >= 0)
    return found


async def awaiting(url: str, key: str, rounds: int) -> dict[str, list[float]]:
    """As `blocking`, over an event loop."""
    found: dict[str, list[float]] = defaultdict(list)
    async with httpx.AsyncClient(base_url=url, timeout=60) as http, AsyncAIClient(key, base_url=url) as client:
        model = client.models.get(MODEL)

        async def raw() -> Any:
            answer = await http.post(f"/api/v1/models/{MODEL}/predictions", json={"input": {"text": TEXT}}, headers={
                "Authorization": f"Bearer {key}", "Prefer": "wait=60", "Idempotency-Key": str(uuid.uuid4())})
            answer.raise_for_status()
            return answer.json()

        async def sdk() -> Any:
            return await model.predict(text=TEXT)

        calls = {"raw": raw, "sdk": sdk, "again": raw}
        for number in range(-20, rounds):
            order = list(calls)[number % 3:] + list(calls)[:number % 3]
            for name in order:
                clocks = _clocks()
                await calls[name]()
                _note(found, name, clocks, counts=number >= 0)
    return found


def figures_of(found: dict[str, list[float]]) -> dict[str, float]:
    """Medians; what the SDK adds; and the same of raw against raw, which would be 0 on a machine without noise."""
    def added(name: str) -> float:
        return statistics.median(one - raw for one, raw in zip(found[name], found["raw"], strict=True))

    return {"raw_p50_ms": statistics.median([*found["raw"], *found["again"]]),
            "sdk_p50_ms": statistics.median(found["sdk"]), "added_p50_ms": added("sdk"), "noise_p50_ms": added("again"),
            "cpu_added_p50_ms": statistics.median(found["sdk cpu"]) - statistics.median(found["raw cpu"])}


def _unhurried_key(known: str) -> str:
    """A key with the demo's rights whose rate lets the calls follow each other at once."""
    import dataclasses

    import redis

    from config.env import load
    from kernel import apikeys
    from kernel.contracts import GRANT_KEY, SNAPSHOT_CHANNEL, Grant

    env = load()
    with redis.Redis.from_url(env.redis_url) as store:
        grant = store.get(GRANT_KEY.format(key_hash=apikeys.hash_key(known, env.key_pepper)))
        if grant is None:
            raise RuntimeError("the product has no demo key")
        key = apikeys.mint("live")
        mine = dataclasses.replace(Grant.load(grant), key_hash=apikeys.hash_key(key, env.key_pepper),
                                   rate_per_minute=1_000_000_000, concurrency=1_000)
        store.set(GRANT_KEY.format(key_hash=mine.key_hash), mine.dump())
        store.publish(SNAPSHOT_CHANNEL, "*")
    return key


def main() -> int:
    """0 where the bar is met."""
    parser = argparse.ArgumentParser(prog="benchmarks.sdk", description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    demo = json.loads((Path(os.environ["TESSERA_VAR"]) / "demo.json").read_text())
    url, key = demo["url"], _unhurried_key(demo["api_key"])
    rows = {"blocking": figures_of(blocking(url, key, rounds)),
            "asynchronous": figures_of(asyncio.run(awaiting(url, key, rounds)))}
    print(f"{'client':14} {'httpx p50':>10} {'SDK p50':>10} {'added p50':>10} {'raw - raw':>10} {'CPU added':>10}  ms")
    for name, row in rows.items():
        print(f"{name:14} {row['raw_p50_ms']:10.2f} {row['sdk_p50_ms']:10.2f} {row['added_p50_ms']:10.3f} "
              f"{row['noise_p50_ms']:10.3f} {row['cpu_added_p50_ms']:10.3f}")
    met = all(row[figure] <= BAR_MS for row in rows.values() for figure in ("added_p50_ms", "cpu_added_p50_ms"))
    print(json.dumps({
        "benchmark": "sdk", "met": met, "bar_ms": BAR_MS, "rounds": rounds, "model": MODEL,
        **{f"{name}_{figure}": round(value, 3) for name, row in rows.items() for figure, value in row.items()},
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "cpus": os.cpu_count(),
        "load_1m": round(os.getloadavg()[0], 2)}))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
