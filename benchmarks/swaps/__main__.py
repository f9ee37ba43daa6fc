"""`make swap-storm`: versions of a provider's model are swapped and rolled back while it is called.

Each version's net answers with its own number, so an answer says which version gave it. A call fails where its answer
is no 200. It is answered by a wrong version where the number differs from X-Model-Version, or where that version was
not the route at any time between its sending and its answer (a change may take a second to be seen everywhere).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import secrets
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from onnx import TensorProto, helper

from benchmarks.swaps.timeline import Timeline

SCOPES = ["predict", "models:read", "models:write", "models:deploy"]
VERSIONS = 4
CALLERS = 8


@dataclass(slots=True)
class Storm:
    """What is counted."""

    wanted: int
    started: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    by_version: Counter[int] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)
    swaps: int = 0
    rollbacks: int = 0
    swap_ms: list[float] = field(default_factory=list)
    timeline: Timeline = field(default_factory=Timeline)


def net(number: int) -> bytes:
    """Answers every row with `number`."""
    floats = TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "zero"], ["nothing"]), helper.make_node("Add", ["nothing", "number"], ["y"])],
        "swap", [helper.make_tensor_value_info("x", floats, ["n", 2])],
        [helper.make_tensor_value_info("y", floats, ["n", 2])],
        [helper.make_tensor("zero", floats, [1], [0.0]), helper.make_tensor("number", floats, [1], [float(number)])])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(made.SerializeToString())


def provider(url: str) -> str:
    """A key of a fresh organization, whose limits are never reached."""
    session = httpx.Client(base_url=url, timeout=60, follow_redirects=True)

    def token() -> str:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', session.get("/signup/").text)
        assert found is not None
        return found[1]

    made = session.post("/signup/", headers={"Referer": f"{url}/signup/"}, data={
        "email": f"{secrets.token_hex(6)}@example.com", "password": "correct horse battery staple",
        "organization": f"Storm {secrets.token_hex(3)}", "csrfmiddlewaretoken": token()})
    made.raise_for_status()
    key = session.post("/api/v1/api-keys", headers={
        "X-CSRFToken": session.cookies["csrf"], "Referer": url}, json={
        "name": "storm", "mode": "live", "scopes": SCOPES, "rate_per_minute": 100_000, "concurrency": 1000})
    key.raise_for_status()
    session.close()
    return str(key.json()["secret"])


def bring_in(api: httpx.Client) -> str:
    """The model with its versions, checked and callable."""
    made = api.post("/api/v1/models", json={"name": "swap", "title": "Swap", "summary": "Says its number.",
                                            "task": "tabular-regression"})
    made.raise_for_status()
    name = str(made.json()["name"])
    for number in range(1, VERSIONS + 1):
        sent = api.post(f"/api/v1/models/{name}/versions", files={"file": ("model.onnx", net(number))})
        sent.raise_for_status()
        ends = time.monotonic() + 120
        while (state := api.get(f"/api/v1/models/{name}/versions/{number}/report").json())[
                "version_state"] == "validating":
            if time.monotonic() > ends:
                sys.exit(f"version {number} is still being checked")
            time.sleep(0.2)
        if state["version_state"] != "ready":
            sys.exit(f"version {number} is {state['version_state']}: {state['checks']}")
    ends = time.monotonic() + 10
    while api.post(f"/api/v1/models/{name}/predictions", json={"input": {"x": [[1, 2]]}}).status_code != 200:
        if time.monotonic() > ends:
            sys.exit("the model does not answer")
        time.sleep(0.1)
    return name


async def caller(client: httpx.AsyncClient, model: str, storm: Storm) -> None:
    while storm.started < storm.wanted:
        storm.started += 1
        sent = time.monotonic()
        try:
            answer = await client.post(f"/api/v1/models/{model}/predictions", json={"input": {"x": [[1, 2]]}})
        except httpx.HTTPError as error:
            storm.failed[type(error).__name__] += 1
            continue
        received = time.monotonic()
        storm.milliseconds.append((received - sent) * 1000)
        if answer.status_code != 200:
            storm.failed[f"{answer.status_code} {answer.text[:120]}"] += 1
            continue
        says = int(answer.headers["X-Model-Version"])
        value = answer.json()["output"]["tensors"]["y"][0][0]
        storm.by_version[says] += 1
        if value != says:
            storm.wrong[f"version {says} answered {value:g}"] += 1
        elif says not in storm.timeline.allowed(sent, received):
            storm.wrong[f"version {says} was not the route"] += 1


async def swapper(client: httpx.AsyncClient, model: str, storm: Storm, swaps: int, rollbacks: int) -> None:
    """Changes spread evenly over the calls: after every few swaps one is rolled back."""
    path, live, before = f"/api/v1/models/{model}", 1, 1
    changes = ["rollback" if (i + 1) * rollbacks // (swaps + rollbacks) > i * rollbacks // (swaps + rollbacks)
               else "swap" for i in range(swaps + rollbacks)]
    for i, change in enumerate(changes):
        while storm.started < storm.wanted * (i + 0.5) / len(changes):
            await asyncio.sleep(0.005)
        goal = before if change == "rollback" else live % VERSIONS + 1
        noted = storm.timeline.begin(goal, time.monotonic())
        answer = await (client.post(f"{path}/rollback", json={}) if change == "rollback" else
                        client.post(f"{path}/versions/{goal}/activate"))
        noted.answered = time.monotonic()
        storm.swap_ms.append((noted.answered - noted.asked) * 1000)
        if answer.status_code not in (200, 202):
            storm.failed[f"{change}: {answer.status_code} {answer.text[:120]}"] += 1
            storm.timeline.changes.remove(noted)
            continue
        if change == "rollback":
            storm.rollbacks += 1
        else:
            storm.swaps += 1
        before, live = live, goal


async def run(url: str, key: str, model: str, options: argparse.Namespace) -> Storm:
    storm = Storm(options.calls)
    first = storm.timeline.begin(1, 0.0)
    first.answered = 0.0
    limits = httpx.Limits(max_connections=CALLERS + 2)
    async with httpx.AsyncClient(base_url=url, headers={"X-API-Key": key}, timeout=60, limits=limits) as client:
        await asyncio.gather(swapper(client, model, storm, options.swaps, options.rollbacks),
                             *(caller(client, model, storm) for _ in range(CALLERS)))
    return storm


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--swaps", type=int, default=50)
    parser.add_argument("--rollbacks", type=int, default=10)
    options = parser.parse_args()
    url = json.loads((Path(os.environ["TESSERA_VAR"]) / "demo.json").read_text())["url"]
    key = provider(url)
    with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=60) as api:
        model = bring_in(api)
        began = time.monotonic()
        storm = asyncio.run(run(url, key, model, options))
        seconds = time.monotonic() - began
    show(storm, seconds)
    sys.exit(1 if storm.failed or storm.wrong else 0)


def show(storm: Storm, seconds: float) -> None:
    ordered = sorted(storm.milliseconds)
    p50, p99 = (ordered[int(len(ordered) * share)] if ordered else 0.0 for share in (0.5, 0.99))
    print("| version | answers |\n|---|---|")
    for version, count in sorted(storm.by_version.items()):
        print(f"| {version} | {count} |")
    for what, count in (*storm.failed.most_common(5), *storm.wrong.most_common(5)):
        print(f"{count} × {what}")
    found: dict[str, Any] = {
        "benchmark": "swap-storm", "calls": storm.started, "swaps": storm.swaps, "rollbacks": storm.rollbacks,
        "failed": sum(storm.failed.values()), "wrong_version": sum(storm.wrong.values()),
        "seconds": round(seconds, 1), "p50_ms": round(p50, 1), "p99_ms": round(p99, 1),
        "swap_p50_ms": round(statistics.median(storm.swap_ms), 1) if storm.swap_ms else 0.0}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
