"""schemathesis over the whole OpenAPI document, with a valid key, against the running product.

    ./tests/with_stack .venv/bin/python -m tests.clients.fuzz_api [--examples 20] [--seed 1] [--method POST]

An organization of its own gets a little of everything (a model with a version, files, jobs, a batch, keys, budgets,
webhooks), so that real ids can stand where the fuzzer would invent some (fuzz_hooks.py). The document is the one that
the product serves. Checked of every answer: its status is below 500 and one that the document names, its media type
and its headers too, and its body keeps the schema. 503 counts as a server error; 429 can't come: the key has room.
Prints what was found, each with a call that repeats it, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from tests.client_environments import CLIENTS, python_with
from tests.flows.conftest import _form_token, csrf
from tests.flows.own_model_kit import linear_net

SCOPES = ["predict", "files", "models:read", "models:write", "models:deploy", "keys:admin", "billing", "webhooks"]
CHECKS = {"not_a_server_error": "server_errors", "status_code_conformance": "undocumented",
          "content_type_conformance": "schema_failures", "response_headers_conformance": "schema_failures",
          "response_schema_conformance": "schema_failures"}

class Seeds:
    """An organization that has a little of everything, and the ids of it."""

    def __init__(self, url: str) -> None:
        self.session = httpx.Client(base_url=url, timeout=60, follow_redirects=True)
        page = self.session.get("/signup/")
        self.session.post("/signup/", headers={"Referer": f"{url}/signup/"}, data={
            "email": f"{secrets.token_hex(6)}@example.com", "password": "correct horse battery staple",
            "organization": "Fuzz", "csrfmiddlewaretoken": _form_token(page.text)}).raise_for_status()
        made = self.session.post("/api/v1/api-keys", headers=csrf(self.session), json={
            "name": "fuzz", "mode": "live", "scopes": SCOPES, "rate_per_minute": 100_000, "concurrency": 64})
        self.key = str(made.raise_for_status().json()["secret"])
        self.api = httpx.Client(base_url=url, headers={"X-API-Key": self.key}, timeout=60)
        self.model = ""

    def post(self, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        answer = self.api.post(f"/api/v1/{path}", json=body, **more) if body is not None else self.api.post(
            f"/api/v1/{path}", **more)
        if answer.status_code >= 300:
            raise SystemExit(f"fuzz: POST {path} answered {answer.status_code}: {answer.text[:500]}")
        return dict(answer.json()) if answer.content else {}

    def rows(self, path: str) -> list[dict[str, Any]]:
        return list(self.api.get(f"/api/v1/{path}").raise_for_status().json()["data"])

    def plant(self) -> dict[str, dict[str, list[Any]]]:
        """Makes it all; what fuzz_hooks.py reads."""
        house = ["sentiment-en", "digit-recognise", "change-points"]
        subscriptions = [self.post("subscriptions", {"model": name, "plan": "payg"})["id"] for name in house]
        jobs = [self.post("models/sentiment-en/predictions", {"input": {"text": f"Good work {n}."}},
                          headers={"Prefer": "respond-async"})["id"] for n in range(12)]
        line = json.dumps({"custom_id": "a", "input": {"text": "Good."}}).encode() + b"\n"
        files = [self.post("files", files={"file": ("in.jsonl", line)}, data={"purpose": "batch"})["id"]
                 for _ in range(12)]
        batches = [self.post("batches", {"model": "sentiment-en", "input_file_id": name})["id"] for name in files[:4]]
        uploads = [self.post("uploads", {"filename": "a.bin", "bytes": 3})["id"] for _ in range(12)]
        keys = [self.post("api-keys", {"name": f"spare {n}", "mode": "test"})["id"] for n in range(8)]
        budgets = [self.budget(n) for n in range(6)]
        version = self.own_model()
        self.post("webhook-secrets")
        known = [self.model, *house]
        path = {
            "subscription_id": subscriptions[2:], "prediction_id": jobs, "file_id": files, "batch_id": batches,
            "upload_id": uploads, "key_id": keys, "budget_id": budgets, "model": known, "version": [version, "1"],
            "number": [1, 2], "alias": ["stable", "canary"], "kind": ["pdf", "csv", "json"],
            "event_id": [row["id"] for row in self.rows("usage/events")] if self.settled() else [],
            "invoice_id": [row["id"] for row in self.rows("invoices")],
            "delivery_id": [row["id"] for row in self.rows("webhook-deliveries")],
        }
        body = {"model": known, "input_file_id": files, "file_id": files, "upload_id": uploads, "version": [version],
                "plan": ["payg"]}
        return {"path": path, "body": body, "query": {"model": known, "against": [version]}}

    def settled(self) -> bool:
        """Waits for the jobs' usage."""
        ends = time.monotonic() + 20
        while not self.rows("usage/events") and time.monotonic() < ends:
            time.sleep(0.3)
        return True

    def budget(self, number: int) -> int:
        return int(self.post("budgets", {"name": f"b{number}", "amount": "1000.00"})["id"])

    def own_model(self) -> int:
        """The number of a version that is good."""
        listed = self.post("models", {"name": f"fuzz-{secrets.token_hex(4)}", "title": "Fuzz", "summary": "Fuzz",
                                      "task": "tabular-classification"})
        self.model = str(listed["name"])
        made = self.post(f"models/{self.model}/versions", files={
            "file": ("model.onnx", linear_net(np.eye(4, 3), np.zeros(3)))})
        number = int(made["version"])
        ends = time.monotonic() + 90
        while self.api.get(f"/api/v1/models/{self.model}/versions/{number}/report").json().get(
                "version_state") == "validating" and time.monotonic() < ends:
            time.sleep(0.3)
        return number


def fuzz(url: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """The counts; what was found is printed, each kind once with a call that shows it."""
    seeds = Seeds(url)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        (folder / "seeds.json").write_text(json.dumps(seeds.plant()))
        events, report = arguments.events or folder / "events.ndjson", folder / "report.json"
        command = [python_with("schemathesis").parent / "schemathesis", "run", f"{url}/api/v1/openapi.json",
                   "--header", f"X-API-Key: {seeds.key}", "--checks", ",".join(CHECKS), "--seed", str(arguments.seed),
                   "--max-examples", str(arguments.examples), "--phases", "examples,coverage,fuzzing",
                   "--continue-on-failure", "--no-shrink", "--request-timeout", "70", "--generation-database", "none",
                   "--suppress-health-check", "all", "--warnings", "off", "--no-color",
                   "--report-json-path", str(report), "--report-ndjson-path", str(events)]
        command += [word for name in arguments.only for word in ("--include-name", name)]
        command += [word for name in arguments.method for word in ("--include-method", name)]
        done = subprocess.run(command, cwd=folder, text=True, capture_output=True, env={
            **os.environ, "SCHEMATHESIS_HOOKS": "fuzz_hooks", "PYTHONPATH": str(CLIENTS),
            "FUZZ_SEEDS": str(folder / "seeds.json"), "FUZZ_SEED": str(arguments.seed)})
        if not report.exists():
            raise SystemExit(f"fuzz: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        told = json.loads(report.read_text())
        found, statuses = read(events)
    for (operation, check, title), (count, example) in sorted(found.items()):
        print(f"{operation}: {title} ({check}, {count} times)\n{example}\n")
    if told["errors"]:
        print(f"what could not be run: {told['errors']}")
    print("answers: " + ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items())))
    counts = dict.fromkeys(("server_errors", "undocumented", "schema_failures"), 0)
    for (_operation, check, _title), (count, _example) in found.items():
        counts[CHECKS[check]] += count
    return {"operations": told["operations"]["tested"], "cases": told["test_cases"]["generated"], **counts,
            "not_run": sum(fault["count"] for fault in told["errors"]), "seed": arguments.seed}


def read(events: Path) -> tuple[dict[tuple[str, str, str], tuple[int, str]], Counter[int]]:
    """Operation, check and title → how often, and a call with its answer; and how often each status came."""
    found: dict[tuple[str, str, str], tuple[int, str]] = {}
    statuses: Counter[int] = Counter()
    for line in events.open():
        scenario = json.loads(line).get("ScenarioFinished")
        recorder = scenario["recorder"] if scenario else {}
        interactions = recorder.get("interactions", {})
        statuses.update(made["response"]["status_code"] for made in interactions.values() if made.get("response"))
        for case, checks in recorder.get("checks", {}).items():
            for check in checks:
                if check["status"] == "success":
                    continue
                fault = check["failure_info"]["failure"]
                key = (recorder["label"], check["name"], fault["title"])
                count, example = found.get(key, (0, ""))
                found[key] = (count + 1, example or _example(interactions.get(case, {}), fault["message"]))
    return found, statuses


def _example(made: dict[str, Any], message: str) -> str:
    sent, answer = made.get("request", {}), made.get("response") or {}
    return (f"    {sent.get('method')} {sent.get('uri')}  {_text(sent.get('body'))[:400]}\n"
            f"    {answer.get('status_code')} {_text(answer.get('content'))[:600]}\n    "
            + message[:600].replace("\n", "\n    "))


def _text(content: Any) -> str:
    if isinstance(content, dict) and "$base64" in content:
        content = base64.b64decode(content["$base64"]).decode(errors="replace")
    return str(content or "")


def main() -> int:
    """0 where nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=20, help="of each operation, beside the boundary values")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], metavar="'GET /api/v1/…'")
    parser.add_argument("--method", action="append", default=[])
    parser.add_argument("--events", type=Path, help="keep every call and answer in this file")
    arguments = parser.parse_args()
    url = json.loads((Path(os.environ["TESSERA_VAR"]) / "demo.json").read_text())["url"]
    counts = fuzz(url, arguments)
    print(json.dumps(counts))
    return 1 if any(counts[name] for name in ("server_errors", "undocumented", "schema_failures", "not_run")) else 0


if __name__ == "__main__":
    sys.exit(main())
