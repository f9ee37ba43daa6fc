"""Idempotency, image analyses, files, batches and jobs through the running product, with workers killed mid-way."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.flows.conftest import ROOT, SAMPLES, Customer, csrf
from tests.flows.processes import kill_workers

sys.path.insert(0, str(ROOT / "sdk" / "python" / "src"))

from tessera import AIClient

pytestmark = pytest.mark.stack

TEXT = {"input": {"text": "I love it, wonderful work!"}}


@pytest.fixture
def api(customer: Customer, demo: dict[str, str]) -> Iterator[httpx.Client]:
    """A key that may also keep files."""
    made = customer.session.post("/api/v1/api-keys", headers=csrf(customer.session), json={
        "name": "dialects", "mode": "live", "scopes": ["predict", "files", "billing", "webhooks"]})
    assert made.status_code == 201, made.text
    with httpx.Client(base_url=demo["url"], headers={"X-API-Key": made.json()["secret"]}, timeout=60) as client:
        yield client


def calls(customer: Customer, model: str) -> int:
    """Ledger entries of this month, on whatever meter."""
    answer = customer.api.get("/api/v1/usage", params={"group_by": "model"})
    assert answer.status_code == 200, answer.text
    return sum(row["events"] for row in answer.json()["data"] if row["group"] == model)


def until(check: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)
    return found


def hard_problem(seed: int) -> dict[str, Any]:
    """A job shop that keeps the solver busy for its five seconds."""
    chance = random.Random(seed)
    jobs = []
    for job in range(20):
        machines = list(range(15))
        chance.shuffle(machines)
        jobs.append({"name": f"j{job}", "steps": [
            {"machine": f"m{machine}", "duration": chance.randint(1, 99)} for machine in machines]})
    return {"input": {"problem": {"jobs": jobs}}}


# ---------------------------------------------------------------- idempotency

@pytest.mark.parametrize("path", ["/api/v1/models/sentiment-en/predictions", "/v2/models/sentiment-en/generate"])
def test_twenty_repeats_are_one_run_and_one_bill(customer: Customer, api: httpx.Client, path: str) -> None:
    customer.subscribe("sentiment-en")
    headers = {"Idempotency-Key": f"order {path}"}
    until(lambda: api.post(path, json=TEXT).status_code == 200)  # the grant is written, the model is warm
    before = calls(customer, "sentiment-en")
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: api.post(path, json=TEXT, headers=headers), range(20)))
    good = [answer for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in good}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in good) == 1
    again = api.post(path, json=TEXT, headers=headers)
    assert (again.content, again.headers["idempotent-replayed"]) == (good[0].content, "true")
    other = api.post(path, json={"input": {"text": "other"}}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert calls(customer, "sentiment-en") == before + 1


# ---------------------------------------------------------------- images

def test_analyze_image_by_the_sdk(customer: Customer, api: httpx.Client, demo: dict[str, str]) -> None:
    for model in ("face-detect", "ocr-document", "digit-recognise"):
        customer.subscribe(model)
    with AIClient(api.headers["x-api-key"], base_url=demo["url"]) as client:
        seen = client.analyze_image(SAMPLES / "astronaut.jpg", ["face_detection"])
        [box] = seen.results["face_detection"].output.boxes
        assert [box.x, box.y, box.width] == pytest.approx([179, 82, 95], abs=2)
        both = client.analyze_image(SAMPLES / "page.png", ["TEXT_RECOGNITION", "face-detection"])
        assert both.results["TEXT_RECOGNITION"].model == "ocr-document"
        assert len(both.recognized_text) > 50
        assert both.results["face-detection"].output.boxes == []
    refused = api.post("/api/v1/analyze-image", json={"url": "http://127.0.0.1:1/a.png", "types": ["ocr"]})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/url")
    digits = api.post("/api/v1/classify", json={
        "image_base64": base64.b64encode((SAMPLES / "page.png").read_bytes()).decode(), "top_k": 3})
    assert digits.status_code == 200, digits.text
    assert len(digits.json()["predictions"]) == 3


# ---------------------------------------------------------------- files and uploads

def test_a_file_stands_for_its_content(customer: Customer, api: httpx.Client, demo: dict[str, str]) -> None:
    customer.subscribe("face-detect")
    picture = (SAMPLES / "astronaut.jpg").read_bytes()
    made = api.post("/api/v1/files", files={"file": ("a.jpg", picture)}, data={"purpose": "vision"})
    assert made.status_code == 201, made.text
    file = made.json()
    assert (file["bytes"], file["sha256"]) == (len(picture), hashlib.sha256(picture).hexdigest())
    assert api.get(f"/api/v1/files/{file['id']}/content").content == picture
    ran = api.post("/api/v1/models/face-detect/predictions", json={"input": {"image": file["id"]}})
    assert ran.status_code == 200, ran.text
    assert len(ran.json()["output"]["boxes"]) == 1
    later = api.post("/api/v1/models/face-detect/predictions", json={"input": {"image": file["id"]}},
                     headers={"Prefer": "respond-async"}).json()
    done = until(lambda: (seen := api.get(later["urls"]["get"]).json())["status"] == "succeeded" and seen)
    assert done["output"] == ran.json()["output"]
    with httpx.Client(base_url=demo["url"], headers={"X-API-Key": demo["api_key"]}, timeout=60) as stranger:
        theirs = stranger.post("/api/v1/models/face-detect/predictions", json={"input": {"image": file["id"]}})
        assert (theirs.status_code, theirs.json()["errors"][0]["code"]) == (422, "not_found")
    assert api.delete(f"/api/v1/files/{file['id']}").status_code == 204
    gone = api.post("/api/v1/models/face-detect/predictions", json={"input": {"image": file["id"]}})
    assert gone.status_code == 422


def test_an_upload_goes_on_after_a_broken_connection(api: httpx.Client) -> None:
    content = random.Random(5).randbytes(9_000_000)
    digest = hashlib.sha256(content).hexdigest()
    made = api.post("/api/v1/uploads", json={"filename": "big.bin", "bytes": len(content), "sha256": digest})
    assert made.status_code == 201, made.text
    root = f"/api/v1/uploads/{made.json()['id']}"
    parts = [content[start:start + 4_000_000] for start in range(0, len(content), 4_000_000)]
    assert api.put(f"{root}/parts/2", content=parts[1]).status_code == 200
    assert api.post(f"{root}/complete", json={}).json()["code"] == "invalid_state"
    here = {part["number"] for part in api.get(root).json()["parts"]}
    for number, part in enumerate(parts, 1):
        if number not in here:
            sent = api.put(f"{root}/parts/{number}", content=part)
            assert sent.json()["sha256"] == hashlib.sha256(part).hexdigest(), sent.text
    done = api.post(f"{root}/complete", json={}).json()
    assert done["state"] == "completed"
    assert api.get(f"/api/v1/files/{done['file_id']}").json()["sha256"] == digest
    assert api.get(f"/api/v1/files/{done['file_id']}/content").content == content


# ---------------------------------------------------------------- batches

def batch_of(api: httpx.Client, model: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    raw = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    file = api.post("/api/v1/files", files={"file": ("in.jsonl", raw)}, data={"purpose": "batch"}).json()
    made = api.post("/api/v1/batches", json={"input_file_id": file["id"], "model": model})
    assert made.status_code == 201, made.text
    return dict(made.json())


def rows(api: httpx.Client, file_id: str | None) -> list[dict[str, Any]]:
    return [json.loads(line) for line in api.get(f"/api/v1/files/{file_id}/content").content.splitlines()]


def test_a_batch_outlives_its_workers_and_bills_each_line_once(customer: Customer, api: httpx.Client) -> None:
    customer.subscribe("sentiment-en")
    words = {True: "I love it, wonderful.", False: "Awful, it broke."}
    lines: list[dict[str, Any]] = [{"custom_id": f"c{n}", "input": {"text": words[n % 2 == 0]}} for n in range(800)]
    lines[7]["input"] = {"nothing": 1}
    before = calls(customer, "sentiment-en")
    batch = batch_of(api, "sentiment-en", lines)
    get = batch["urls"]["get"]
    kills = 0
    for share in (20, 220):
        until(lambda share=share: (seen := api.get(get).json())["counts"]["succeeded"] >= share or seen["completed_at"])
        if api.get(get).json()["completed_at"] is None:
            kills += kill_workers() > 0
    done = until(lambda: (seen := api.get(get).json())["completed_at"] and seen, 240)
    assert kills >= 1
    assert (done["status"], done["counts"]) == ("completed", {"total": 800, "succeeded": 799, "failed": 1})
    output = rows(api, done["output_file_id"])
    assert [row["custom_id"] for row in output] == [f"c{n}" for n in range(800) if n != 7]
    verdicts = [row["response"]["body"]["output"]["verdict"] for row in output]
    assert verdicts == [("positive", "negative")[n % 2] for n in range(800) if n != 7]
    [error] = rows(api, done["error_file_id"])
    assert (error["custom_id"], error["response"]["body"]["code"]) == ("c7", "validation_error")
    assert calls(customer, "sentiment-en") == before + 799


def test_a_canceled_batch_delivers_what_ran(customer: Customer, api: httpx.Client) -> None:
    customer.subscribe("vehicle-routing")
    customer.subscribe("sentiment-en")
    batch = batch_of(api, "sentiment-en", [{"input": {"text": f"fine {n}"}} for n in range(3000)])
    get = batch["urls"]["get"]
    until(lambda: api.get(get).json()["counts"]["succeeded"] > 10)
    assert api.post(batch["urls"]["cancel"]).json()["status"] in ("canceling", "canceled")
    done = until(lambda: (seen := api.get(get).json())["completed_at"] and seen, 30)
    assert done["status"] == "canceled"
    assert done["counts"]["succeeded"] == len(rows(api, done["output_file_id"])) == calls(customer, "sentiment-en")
    assert done["counts"]["succeeded"] < 3000


# ---------------------------------------------------------------- jobs

def submit(api: httpx.Client, model: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    made = api.post(f"/api/v1/models/{model}/predictions", json=body, headers={"Prefer": "respond-async"} | headers)
    assert made.status_code == 202, made.text
    return dict(made.json())


def test_a_job_outlives_its_worker_and_is_billed_once(customer: Customer, api: httpx.Client) -> None:
    customer.subscribe("job-shop")
    job = submit(api, "job-shop", hard_problem(1))
    until(lambda: api.get(job["urls"]["get"]).json()["status"] == "processing")
    time.sleep(0.5)
    assert kill_workers() > 0
    done = until(lambda: (seen := api.get(job["urls"]["get"]).json())["completed_at"] and seen, 90)
    assert done["status"] == "succeeded", done
    assert done["output"]["objective"] > 0
    assert calls(customer, "job-shop") == 1


def test_a_running_job_is_canceled_and_the_model_serves_on(customer: Customer, api: httpx.Client) -> None:
    customer.subscribe("job-shop")
    customer.subscribe("knapsack")
    job = submit(api, "job-shop", hard_problem(2))
    until(lambda: api.get(job["urls"]["get"]).json()["status"] == "processing")
    time.sleep(0.5)
    api.post(job["urls"]["cancel"])
    done = until(lambda: (seen := api.get(job["urls"]["get"]).json())["completed_at"] and seen, 10)
    assert (done["status"], done["usage"]) == ("canceled", None)
    shown = json.loads((ROOT / "model_registry" / "catalog" / "planning" / "knapsack" / "example.json").read_text())
    began = time.monotonic()
    answer = api.post("/api/v1/models/knapsack/predictions", json={"input": shown["input"]})
    assert answer.status_code == 200, answer.text
    assert time.monotonic() - began < 8
    assert calls(customer, "job-shop") == 0


def test_patience_of_a_second_becomes_a_job(customer: Customer, api: httpx.Client) -> None:
    customer.subscribe("job-shop")
    began = time.monotonic()
    answer = api.post("/api/v1/models/job-shop/predictions", json=hard_problem(3), headers={"Prefer": "wait=1"})
    assert answer.status_code == 202, answer.text
    assert time.monotonic() - began < 4
    assert answer.headers["preference-applied"] == "wait=1"
    done = until(lambda: (seen := api.get(answer.headers["location"]).json())["completed_at"] and seen, 60)
    assert done["status"] == "succeeded"
    assert calls(customer, "job-shop") == 1


def test_events_go_on_after_the_last_one_seen(customer: Customer, api: httpx.Client) -> None:
    customer.subscribe("job-shop")
    job = submit(api, "job-shop", hard_problem(4))

    def events(last: int | None) -> Iterator[tuple[int, str, dict[str, Any]]]:
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": str(last)} if last is not None else {})
        with api.stream("GET", job["urls"]["events"], headers=headers) as stream:
            event: dict[str, str] = {}
            for line in stream.iter_lines():
                name, _, value = line.partition(": ")
                if line:
                    event[name] = value
                elif "data" in event:
                    yield int(event["id"]), event["event"], json.loads(event["data"])
                    event = {}

    first = []
    for event in events(None):
        first.append(event)
        if len(first) == 3:
            break
    rest = list(events(first[-1][0]))
    numbers = [number for number, _, _ in first + rest]
    assert numbers[:-1] == list(range(1, len(numbers)))
    assert rest[-1][1] == "prediction"
    assert rest[-1][2]["status"] == "succeeded"
    states = [data["status"] for _, kind, data in first + rest if kind == "status"]
    assert states == ["queued", "starting", "processing", "succeeded"]


def test_a_repeated_key_is_one_job(customer: Customer, api: httpx.Client) -> None:
    customer.subscribe("sentiment-en")
    path = "/api/v1/models/sentiment-en/predictions"
    headers = {"Prefer": "respond-async", "Idempotency-Key": "job 1"}
    until(lambda: api.post(path, json=TEXT).status_code == 200)
    before = calls(customer, "sentiment-en")
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: api.post(path, json=TEXT, headers=headers), range(10)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    until(lambda: api.get(answers[0].json()["urls"]["get"]).json()["status"] == "succeeded")
    assert calls(customer, "sentiment-en") == before + 1


# ---------------------------------------------------------------- cache

def test_a_kept_answer_says_so_and_costs_its_own_price(customer: Customer, api: httpx.Client) -> None:
    customer.subscribe("mol-properties")
    path = "/api/v1/models/mol-properties/predictions"
    shown = json.loads((ROOT / "model_registry" / "catalog" / "health" / "mol_properties" / "example.json").read_text())
    body = {"input": shown["input"], "metadata": {"n": 1}}
    until(lambda: api.get("/v1/models/mol-properties").status_code == 200)
    answers = [api.post(path, json={**body, "metadata": {"n": n}}) for n in range(3)]
    bypass = api.post(path, json=body, headers={"Cache-Control": "no-store"})
    assert [answer.headers.get("x-cache") for answer in (*answers, bypass)] == ["miss", "hit", "hit", None]
    assert len({json.dumps(answer.json()["output"]) for answer in (*answers, bypass)}) == 1
    price = api.get("/api/v1/models/mol-properties").json()["price"]["amount"]
    assert [answer.json()["usage"]["unit"] for answer in answers] == ["call", "cached_call", "cached_call"]
    assert [answer.json()["usage"]["cost"] for answer in (*answers, bypass)] == [price, "0", "0", price]
    assert calls(customer, "mol-properties") == 4
