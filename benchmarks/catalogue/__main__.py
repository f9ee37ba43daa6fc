"""Calls every capability on the shelf through the gateway of a running product: `make catalog-test`.

Each gets its example (compared with the stored output by value), a second, different input (compared with what the
entry answers in this process), and hostile inputs of each of its fields' kinds, which must be refused as the caller's
fault or answered. Prints what failed, and as its last line one JSON object. Exit code 1 where anything failed.

    python -m benchmarks.catalogue [--demo var/demo.json] [NAME …]
"""

from __future__ import annotations

import argparse
import base64
import concurrent.futures
import json
import os
import queue
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from model_registry.catalog_kit.compare import differences, hostile_requests
from model_registry.catalog_kit.outputs import output_fault
from model_registry.catalog_kit.runner import CATALOG, read_example
from model_registry.catalog_kit.second import second_case
from model_registry.manifest import Manifest, load

WORKERS, KEYS, TIMEOUT = 2, 8, 120.0


@dataclass(slots=True)
class Outcome:
    """What became of one capability. Times are milliseconds at the client."""

    name: str
    example: str = "not called"  # empty where all is well
    second: str = "not called"
    hostile: list[str] = field(default_factory=list)
    hostile_calls: int = 0
    first_ms: float = 0.0
    warm_ms: list[float] = field(default_factory=list)


class Product:
    """The gateway of a running product, under several keys, for one may make only so many calls a minute."""

    def __init__(self, demo: dict[str, str]) -> None:
        self.url = demo["url"]
        self._session = httpx.Client(base_url=self.url, timeout=TIMEOUT, follow_redirects=True)
        self._keys: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._made: list[int] = []
        self._clients = threading.local()
        self._sign_in(demo)

    def _sign_in(self, demo: dict[str, str]) -> None:
        page = self._session.get("/login/").text
        token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        self._session.post("/login/", data={"email": demo["email"], "username": demo["email"],
                                            "password": demo["password"], "csrfmiddlewaretoken": token},
                           headers={"Referer": f"{self.url}/login/"}).raise_for_status()
        for number in range(KEYS):
            body = {"name": f"catalogue {number}", "mode": "live", "scopes": ["predict"]}
            made = self._session.post("/api/v1/api-keys", json=body, headers=self._csrf())
            made.raise_for_status()
            self._keys.put(made.json()["secret"])
            self._made.append(made.json()["id"])

    def _csrf(self) -> dict[str, str]:
        return {"X-CSRFToken": self._session.cookies["csrf"], "Referer": self.url}

    def close(self) -> None:
        """Revokes the keys that were made for this."""
        for number in self._made:
            self._session.delete(f"/api/v1/api-keys/{number}", headers=self._csrf())
        self._session.close()

    def shelf(self) -> dict[str, dict[str, Any]]:
        """Every listing that is callable now, by name."""
        found: dict[str, dict[str, Any]] = {}
        cursor = None
        while True:
            page = self._session.get("/api/v1/models", params={"limit": 100, **({"cursor": cursor} if cursor else {})})
            page.raise_for_status()
            body = page.json()
            found |= {item["name"]: item for item in body["data"] if item["source"] in ("S1", "S2")}
            cursor = body["next_cursor"]
            if not body["has_more"]:
                return found

    @contextmanager
    def _key(self) -> Iterator[str]:
        key = self._keys.get()
        try:
            yield key
        finally:
            self._keys.put(key)

    def call(self, name: str, request: Any, media: list[bytes]) -> tuple[int, Any, float]:
        """Status, body and milliseconds of one prediction; waits where a key has had its calls of this minute."""
        client = getattr(self._clients, "client", None)
        if client is None:
            client = self._clients.client = httpx.Client(base_url=self.url, timeout=TIMEOUT)
        content = json.dumps(inlined(request, media)).encode()
        for _ in range(KEYS * 4):
            with self._key() as key:
                started = time.perf_counter()
                answer = client.post(f"/api/v1/models/{name}/predictions", content=content, headers={
                    "X-API-Key": key, "Content-Type": "application/json", "Prefer": "wait=60"})
                took = 1000 * (time.perf_counter() - started)
            if answer.status_code != 429:
                break
            time.sleep(min(float(answer.headers.get("retry-after", 1)), 5.0) / KEYS)
        return answer.status_code, _body(answer), took


def _body(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text[:300]


def inlined(value: Any, media: list[bytes]) -> Any:
    """A request in which each file stands as a data: URL."""
    if isinstance(value, dict):
        if set(value) == {"$media"} and isinstance(value["$media"], int) and value["$media"] < len(media):
            data = base64.b64encode(media[value["$media"]]).decode()
            return f"data:application/octet-stream;base64,{data}"
        return {name: inlined(inner, media) for name, inner in value.items()}
    return [inlined(inner, media) for inner in value] if isinstance(value, list) else value


def check(product: Product, folder: Path, local: threading.Lock) -> Outcome:
    """Example, second input and hostile inputs of one capability."""
    manifest = load(folder)
    outcome = Outcome(manifest.name)
    request, media, example = read_example(folder)
    tolerance = float(example.get("tolerance", 1e-6))
    outcome.example, outcome.first_ms = compared(product, manifest, request, media, example["output"], tolerance)
    try:
        with local:  # entries are not written for two threads of one process
            case = second_case(folder)
    except Exception as error:  # a faulty entry must not end the walk
        case, outcome.second = None, f"{type(error).__name__}: {error}"[:200]
    if case is None and outcome.second == "not called":
        outcome.second = "there is no second input"
    elif case is not None:
        outcome.second, took = compared(product, manifest, case.request, case.media, case.output, case.tolerance)
        outcome.warm_ms.append(took)
    for body, files, must_refuse in attacks(manifest, request, media):
        status, answer, _ = product.call(manifest.name, body, files)
        outcome.hostile_calls += 1
        if status >= 500 or status in (401, 403, 404, 429) or (must_refuse and status < 400):
            outcome.hostile.append(f"{json.dumps(body)[:120]} -> {status} {json.dumps(answer)[:160]}")
    return outcome


def compared(product: Product, manifest: Manifest, request: dict[str, Any], media: list[bytes], output: Any,
             tolerance: float) -> tuple[str, float]:
    """What is wrong with the answer to a request (empty where nothing is), and its milliseconds."""
    status, body, took = product.call(manifest.name, request, media)
    if status != 200:
        return f"{status} {json.dumps(body)[:200]}", took
    fault = output_fault(manifest.output, body["output"])
    wrong = [fault] if fault else list(differences(body["output"], output, tolerance))
    return "; ".join(wrong[:3])[:300], took


def attacks(manifest: Manifest, request: dict[str, Any], media: list[bytes],
            ) -> Iterator[tuple[Any, list[bytes], bool]]:
    """(body, files, whether it must be refused) of each hostile call."""
    for fields, must_refuse, sent in hostile_requests(manifest, request):
        yield {**request, "input": {**request["input"], **fields}}, [*media, *sent], must_refuse
    yield [], media, True
    yield {"input": []}, media, True
    yield {**request, "parameters": {"no_such": 1}}, media, True
    yield {"input": {**request["input"], "no_such": 1}}, media, True
    for name, parameter in manifest.parameters.items():
        for wrong in ([], {}, float("nan") if parameter.kind != "text" else 1):
            yield {**request, "parameters": {name: wrong}}, media, True


def report(outcomes: list[Outcome], listed: int, seconds: float) -> dict[str, Any]:
    """Prints what failed; returns the totals."""
    failed = [o for o in outcomes if o.example or o.second or o.hostile]
    for outcome in failed:
        for kind, fault in (("example", outcome.example), ("second", outcome.second), *(
                ("hostile", fault) for fault in outcome.hostile[:3])):
            if fault:
                print(f"{outcome.name:26} {kind:8} {fault}")
    warm = sorted(ms for o in outcomes for ms in o.warm_ms)
    first = sorted(o.first_ms for o in outcomes)
    print(f"{len(outcomes)} capabilities, {len(failed)} of them with a failure")

    def at(values: list[float], share: float) -> float:
        return round(values[min(len(values) - 1, int(share * len(values)))], 1) if values else 0.0

    return {"entries": len(outcomes), "listed": listed, "examples_ok": sum(not o.example for o in outcomes),
            "second_ok": sum(not o.second for o in outcomes), "hostile_ok": sum(not o.hostile for o in outcomes),
            "hostile_calls": sum(o.hostile_calls for o in outcomes),
            "p50": round(statistics.median(warm), 1) if warm else 0.0, "p95": at(warm, 0.95),
            "first_p50": at(first, 0.5), "first_p95": at(first, 0.95), "wall_s": round(seconds, 1)}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.catalogue", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="these capabilities; none means all that are listed")
    parser.add_argument("--demo", type=Path, default=Path(os.environ.get("TESSERA_VAR", "var")) / "demo.json",
                        help="what a running instance wrote about itself")
    chosen = parser.parse_args(arguments)
    product = Product(json.loads(chosen.demo.read_text()))
    started = time.monotonic()
    try:
        shelf = product.shelf()
        folders = {load(f.parent).name: f.parent for f in sorted(CATALOG.glob("*/*/model.yaml"))}
        names = chosen.names or sorted(shelf)
        strangers = [name for name in names if name not in folders or name not in shelf]
        local = threading.Lock()
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            outcomes = list(pool.map(lambda name: check(product, folders[name], local),
                                     [name for name in names if name not in strangers]))
    finally:
        product.close()
    totals = report(outcomes, len(shelf), time.monotonic() - started) | {"not_both_listed_and_here": strangers}
    print(json.dumps(totals))
    return int(bool(strangers) or any(o.example or o.second or o.hostile for o in outcomes))


if __name__ == "__main__":
    sys.exit(main())
