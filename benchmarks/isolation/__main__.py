"""`make isolation`: what calls of honest models take while a provider's graph hangs, eats memory or ends its process.

Runs beside a running product (`TESSERA_VAR`): a fresh provider uploads the three graphs, then honest models are called
at a steady pace, alone and during each attack, in turns, so that what else the machine does falls on both alike.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.isolation.nets import Hostile, hostile

HONEST = ("sentiment-en", "change-points", "language-id")
SCOPES = ["predict", "models:read", "models:write", "models:deploy"]
WITHIN = 2.0  # how much slower the slowest hundredth of others' calls may be


@dataclass(slots=True)
class Seen:
    """Milliseconds of honest calls, and those that were refused."""

    ms: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.ms, n=100, method="inclusive")[98] if len(self.ms) > 1 else 0.0


class Bench:
    """A provider with the three graphs, and a customer's key for honest models."""

    def __init__(self, demo: dict[str, str], rate: float, seconds: float) -> None:
        self.demo, self.rate, self.seconds = demo, rate, seconds
        self.key, self.models = "", dict[str, str]()
        self.bodies: dict[str, Any] = {}

    def prepare(self) -> None:
        """Signs a provider up and brings the graphs in. Raises RuntimeError where one is refused."""
        with httpx.Client(base_url=self.demo["url"], timeout=60, follow_redirects=True) as session:
            token = session.get("/signup/").text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
            session.post("/signup/", data={
                "email": f"{secrets.token_hex(6)}@example.com", "password": "correct horse battery staple",
                "organization": f"Hostile {secrets.token_hex(3)}", "csrfmiddlewaretoken": token},
                headers={"Referer": f"{self.demo['url']}/signup/"})
            made = session.post("/api/v1/api-keys", json={"name": "isolation", "mode": "live", "scopes": SCOPES},
                                headers={"X-CSRFToken": session.cookies["csrf"], "Referer": self.demo["url"]})
            self.key = made.raise_for_status().json()["secret"]
            for name in HONEST:
                self.bodies[name] = session.get(f"/api/v1/models/{name}").raise_for_status().json()["example"]["input"]
        with self._client(self.key) as api:
            for one in hostile():
                self.models[one.name] = self._upload(api, one)

    def _client(self, key: str) -> httpx.Client:
        return httpx.Client(base_url=self.demo["url"], headers={"X-API-Key": key}, timeout=120)

    def _upload(self, api: httpx.Client, one: Hostile) -> str:
        model = api.post("/api/v1/models", json={
            "name": one.name, "title": one.name, "summary": one.name, "task": "tabular-regression"})
        name = str(model.raise_for_status().json()["name"])
        manifest = {"examples": [{"input": {"n": [one.good]}}], "serving": {"timeout_ms": 1000, "memory_mb": 64}}
        sent = api.post(f"/api/v1/models/{name}/versions", files={"file": ("model.onnx", one.net)},
                        data={"manifest": json.dumps(manifest)})
        sent.raise_for_status()
        ends = time.monotonic() + 180
        while time.monotonic() < ends:
            report = api.get(f"/api/v1/models/{name}/versions/1/report").json()
            if report["version_state"] == "ready":
                return name
            if report["version_state"] == "failed":
                raise RuntimeError(f"{name}: {[c for c in report['checks'] if c['check_status'] == 'failed']}")
            time.sleep(0.3)
        raise RuntimeError(f"{name} was not checked in time")

    async def round(self, client: httpx.AsyncClient, hurt: str | None) -> tuple[Seen, list[str]]:
        """Honest calls at the pace, with or without an attack beside them; what the attacker was told."""
        seen, told = Seen(), list[str]()
        attack = asyncio.create_task(self._attack(client, hurt, told)) if hurt else None
        await asyncio.gather(*(self._caller(client, model, seen) for model in HONEST))
        if attack is not None:
            attack.cancel()
            await asyncio.gather(attack, return_exceptions=True)
        return seen, told

    async def _caller(self, client: httpx.AsyncClient, model: str, seen: Seen) -> None:
        """Calls one model, one call after the other, as often as its part of the pace says."""
        began, pause = time.perf_counter(), len(HONEST) / self.rate
        while (now := time.perf_counter()) < began + self.seconds:
            await self._honest(client, model, seen)
            await asyncio.sleep(max(0.0, now + pause - time.perf_counter()))

    async def _honest(self, client: httpx.AsyncClient, model: str, seen: Seen) -> None:
        began = time.perf_counter()
        answer = await client.post(f"/api/v1/models/{model}/predictions", json={"input": self.bodies[model]},
                                   headers={"X-API-Key": self.demo["api_key"], "Cache-Control": "no-cache"})
        seen.ms.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            seen.failed.append(f"{model}: {answer.status_code} {answer.text[:120]}")

    async def _answers(self, client: httpx.AsyncClient, one: Hostile) -> None:
        for _ in range(60):
            answer = await client.post(f"/api/v1/models/{self.models[one.name]}/predictions",
                                       json={"input": {"n": [one.good]}}, headers={"X-API-Key": self.key})
            if answer.status_code == 200:
                return
            await asyncio.sleep(1)
        raise RuntimeError(f"{one.name} does not answer a good value: {answer.status_code} {answer.text[:200]}")

    async def _attack(self, client: httpx.AsyncClient, name: str, told: list[str]) -> None:
        bad = next(one.bad for one in hostile() if one.name == name)
        while True:
            answer = await client.post(f"/api/v1/models/{self.models[name]}/predictions", json={"input": {"n": [bad]}},
                                       headers={"X-API-Key": self.key})
            told.append(str(answer.json().get("code", answer.status_code)))
            await asyncio.sleep(0.2)

    async def run(self, rounds: int) -> dict[str, Any]:
        """Alone, attacked, alone, …; the figures of each attack, and of the calls alone. A graph is in memory and has
        answered a good value when its attack begins."""
        alone, during = Seen(), {one.name: Seen() for one in hostile()}
        answers: dict[str, list[str]] = {name: [] for name in during}
        async with httpx.AsyncClient(base_url=self.demo["url"], timeout=60,
                                     limits=httpx.Limits(max_connections=64)) as client:
            await self.round(client, None)  # warm
            for one in hostile():
                await self._answers(client, one)
            for _ in range(rounds):
                for name, seen in during.items():
                    for hurt, into in ((None, alone), (name, seen)):
                        found, told = await self.round(client, hurt)
                        into.ms += found.ms
                        into.failed += found.failed
                        if hurt:
                            answers[name] += told
        return {"alone": alone, "during": during, "answers": answers}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    words.add_argument("--rate", type=float, default=10.0, help="honest calls a second")
    words.add_argument("--seconds", type=float, default=10.0, help="of a round")
    words.add_argument("--rounds", type=int, default=2, help="of each attack")
    given = words.parse_args()
    demo = json.loads(Path(os.environ["TESSERA_VAR"], "demo.json").read_text())
    bench = Bench(demo, given.rate, given.seconds)
    bench.prepare()
    found = asyncio.run(bench.run(given.rounds))
    alone: Seen = found["alone"]
    print(f"{'others call':<16}{'calls':>7}{'failed':>8}{'p50 ms':>9}{'p99 ms':>9}{'ratio':>8}  the attacker was told")
    print(f"{'alone':<16}{len(alone.ms):>7}{len(alone.failed):>8}{statistics.median(alone.ms):>9.1f}{alone.p99:>9.1f}")
    ratios, shut = {}, {}
    for name, seen in found["during"].items():
        ratios[name] = round(seen.p99 / alone.p99, 2)
        told = found["answers"][name]
        shut[name] = "model_quarantined" in told
        counts = ", ".join(f"{code} {told.count(code)}" for code in dict.fromkeys(told))
        print(f"{name:<16}{len(seen.ms):>7}{len(seen.failed):>8}{statistics.median(seen.ms):>9.1f}{seen.p99:>9.1f}"
              f"{ratios[name]:>8.2f}  {counts}")
    failed = alone.failed + [line for seen in found["during"].values() for line in seen.failed]
    for line in failed[:5]:
        print(line)
    worst = max(ratios.values())
    passed = worst <= WITHIN and not failed and all(shut.values())
    print(json.dumps({"alone_p99_ms": round(alone.p99, 1), "ratios": ratios, "worst_ratio": worst,
                      "others_failed": len(failed), "quarantined": shut, "passed": passed}))
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
