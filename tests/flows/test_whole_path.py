"""The running product as a customer meets it: browse, subscribe, call, see the usage and the draft of the invoice.

Everything goes over real sockets. Results are compared with what is known of the input apart from the product, and
amounts are worked out here anew, from the public prices.
"""

from __future__ import annotations

import http.client
import json
import math
import time
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from sklearn.datasets import load_digits
from tritonclient.utils import InferenceServerException

from kernel import apikeys
from tests.flows.conftest import ROOT, SAMPLES, Customer, csrf

pytestmark = pytest.mark.stack

CATALOG = ROOT / "model_registry" / "catalog"
# International airline passengers of 1960 in thousands: the year after the example of forecast-auto ends.
PASSENGERS_1960 = [417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432]
EVERY_MODEL = (
    "face-detect", "ocr-document", "voice-activity", "sentiment-en", "segment-pos-zh", "forecast-auto",
    "series-anomaly", "change-points", "tabular-anomaly", "vehicle-routing", "barcode-read", "text-embed",
    "semantic-search", "digit-recognise")


class Counter:
    """Calls models and keeps an own count of calls and units, to hold against the product's."""

    def __init__(self, customer: Customer) -> None:
        self.customer = customer
        self.calls: dict[str, int] = {}
        self.units: dict[str, int] = {}
        self.prices: dict[str, dict[str, Any]] = {}

    def expect(self, model: str, units: int) -> None:
        self.calls[model] = self.calls.get(model, 0) + 1
        self.units[model] = self.units.get(model, 0) + units

    def price(self, model: str) -> dict[str, Any]:
        if model not in self.prices:
            self.prices[model] = self.customer.api.get(f"/api/v1/models/{model}").json()["price"]
        return self.prices[model]

    def call(self, model: str, units: int, **request: Any) -> dict[str, Any]:
        """A prediction that must succeed and cost so many units."""
        answer = self.customer.api.post(f"/api/v1/models/{model}/predictions", **request)
        assert answer.status_code == 200, f"{model}: {answer.text[:500]}"
        body = answer.json()
        assert (body["status"], body["progress"], body["error"], body["model"]) == ("succeeded", 1.0, None, model)
        assert int(answer.headers["x-units"]) == units, model
        cost, currency = answer.headers["x-cost"].split()
        assert (Decimal(cost), currency) == (units * Decimal(self.price(model)["amount"]), "USD")
        assert (body["usage"]["units"], Decimal(body["usage"]["cost"])) == (units, Decimal(cost))
        self.expect(model, units)
        return dict(body["output"])

    def due(self, model: str) -> Decimal:
        """The month's amount of a model: what exceeds the free units, rounded once to the cent."""
        price = self.price(model)
        exact = max(0, self.units[model] - price["free_per_month"]) * Decimal(price["amount"])
        return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def example(path: str) -> dict[str, Any]:
    """The input and parameters that an entry of the catalogue shows."""
    shown = json.loads((CATALOG / path / "example.json").read_text())
    return {"input": shown["input"], "parameters": shown.get("parameters", {})}


def digits(count: int) -> tuple[np.ndarray[Any, Any], list[int]]:
    """Handwritten digits as ink from 0 to 1, and what they are."""
    data = load_digits()
    return (data.images[:count] / 16).astype(np.float32)[:, None], [int(label) for label in data.target[:count]]


def eventually(check: Callable[[], bool], seconds: float) -> float:
    """Seconds until the check holds; fails when it does not in time."""
    start = time.monotonic()
    while not check():
        assert time.monotonic() - start < seconds, f"not within {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - start


# ---------------------------------------------------------------- the steps

def browse_and_subscribe(customer: Customer) -> None:
    offered: set[str] = set()
    page: dict[str, Any] = {"next_cursor": None, "has_more": True}
    while page["has_more"]:
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else {}
        page = httpx.get(f"{customer.api.base_url}/api/v1/models", params={"limit": 100, **cursor}).json()
        offered |= {model["name"] for model in page["data"]}
    assert set(EVERY_MODEL) <= offered
    assert page["total"] == len(offered) >= 220
    found = customer.api.get("/api/v1/models", params={"search": "face detection"}).json()["data"]
    assert found[0]["name"] == "face-detect"
    refused = customer.api.post("/api/v1/models/sentiment-en/predictions", json={"input": {"text": "Fine."}})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_subscribed")
    for model in EVERY_MODEL:
        customer.subscribe(model)

    def subscribed() -> bool:  # an invalid call, so that waiting costs nothing
        answer = customer.api.post("/api/v1/models/sentiment-en/predictions", json={"input": {}})
        return bool(answer.json()["code"] == "validation_error")

    eventually(subscribed, 2)


def media(counter: Counter) -> None:
    photo = ("astronaut.jpg", (SAMPLES / "astronaut.jpg").read_bytes(), "image/jpeg")
    [box] = counter.call("face-detect", 1, files={"image": photo})["boxes"]
    assert [box["x"], box["y"], box["width"]] == pytest.approx([179, 82, 95], abs=2)
    assert box["score"] > 0.8
    page = ("page.png", (SAMPLES / "page.png").read_bytes(), "image/png")
    text = counter.call("ocr-document", 1, files={"image": page})["text"]
    for words in ("Region-based segmentation", "markers of the coins", "histogram of grey values"):
        assert words in text
    speech = ("speech.flac", (SAMPLES / "audio-speech-pauses.flac").read_bytes(), "audio/flac")
    heard = counter.call("voice-activity", 10, files={"audio": speech})  # 9.78 s
    assert heard["duration"] == pytest.approx(9.78, abs=0.01)
    spans = [(part["start"], part["end"]) for part in heard["segments"]]
    assert spans == [pytest.approx((1.25, 3.9), abs=0.1), pytest.approx((5.73, 8.57), abs=0.1)]
    codes = ("codes.png", (SAMPLES / "codes.png").read_bytes(), "image/png")
    read = counter.call("barcode-read", 1, files={"image": codes})["codes"]
    assert {(code["format"], code["text"]) for code in read} == {
        ("EAN13", "4006381333931"), ("QRCode", "https://example.org/pay?id=42")}


def language(counter: Counter) -> None:
    for text, verdict in (("I love it, wonderful work!", "positive"), ("Awful. It broke at once.", "negative")):
        assert counter.call("sentiment-en", 1, json={"input": {"text": text}})["verdict"] == verdict
    sentence = "上海的工程师把检测模型部署到了工厂的生产线上。"
    tokens = counter.call("segment-pos-zh", 1, json={"input": {"text": sentence}})["tokens"]
    assert "".join(token["text"] for token in tokens) == sentence
    tags = {token["text"]: token["tag"] for token in tokens}
    assert {"上海": "ns", "工程师": "n", "模型": "n", "工厂": "n"}.items() <= tags.items()
    texts = ["How do I reset my password?", "I forgot my login details.", "The cat sleeps in the sun."]
    vectors = np.array(counter.call("text-embed", 1, json={"input": {"texts": texts}})["embeddings"])
    assert vectors.shape == (3, 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=1e-3)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
    question = example("text/semantic_search")
    ranked = counter.call("semantic-search", 1, json=question)["results"]
    assert ranked[0]["text"] == "What to do when a delivery is lost"
    assert [hit["score"] for hit in ranked] == sorted((hit["score"] for hit in ranked), reverse=True)


def numbers(counter: Counter) -> None:
    forecast = counter.call("forecast-auto", 132, json=example("series/forecast_auto"))["forecast"]
    points = np.array([point["value"] for point in forecast])
    assert np.mean(np.abs(points / PASSENGERS_1960 - 1)) < 0.06
    odd = counter.call("series-anomaly", 49, json=example("series/series_anomaly"))["anomalies"]
    assert [(point["index"], point["value"]) for point in odd] == [(23, 38.0), (39, 8.5)]
    nile = counter.call("change-points", 100, json=example("series/change_points"))
    assert nile["breaks"] == [1899 - 1871]  # the flow fell in 1899, when the first dam at Aswan was begun
    table = example("tables/tabular_anomaly")
    rows = counter.call("tabular-anomaly", 12, json=table)["rows"]
    assert [row["index"] for row in rows if row["label"] == "anomaly"] == [6]
    # Past the free units: 5,100 points, and 2,450 rows whose price ends on half a cent (14.5).
    steps = [0.0] * 2000 + [5.0] * 3000
    assert counter.call("change-points", 5000, json={"input": {"series": steps}})["breaks"] == [2000]
    many = [{"x": i % 7, "y": (i * i) % 11} for i in range(2437)] + [{"x": 900, "y": -900}]
    rows = counter.call("tabular-anomaly", 2438, json={"input": {"rows": many}, "parameters": {"share": 0.001}})["rows"]
    assert max(rows, key=lambda row: row["score"])["index"] == 2437


def tours(counter: Counter) -> None:
    order = example("planning/vehicle_routing")
    problem = order["input"]["problem"]
    plan = counter.call("vehicle-routing", 1, json=order)
    places = [problem["depot"], *([stop["x"], stop["y"]] for stop in problem["stops"])]
    visited, driven = [], 0.0
    for route in plan["routes"]:
        assert route["stops"][0] == route["stops"][-1] == 0
        visited += route["stops"][1:-1]
        load = sum(problem["stops"][stop - 1]["demand"] for stop in route["stops"][1:-1])
        assert (load, load <= problem["capacity"]) == (route["load"], True)
        driven += sum(math.dist(places[a], places[b]) for a, b in zip(route["stops"], route["stops"][1:], strict=False))
    assert sorted(visited) == list(range(1, 8))
    assert len(plan["routes"]) <= problem["vehicles"]
    assert plan["distance"] == pytest.approx(driven, abs=0.01)


def tensors(counter: Counter, demo: dict[str, str]) -> None:
    """The Open Inference Protocol with its own stock clients, over HTTP and gRPC."""
    ink, labels = digits(12)
    key = {"x-api-key": counter.customer.key}
    with triton_http.InferenceServerClient(urlsplit(demo["url"]).netloc) as client:
        assert client.get_model_metadata("digit-recognise", headers=dict(key))["inputs"][0]["shape"] == [-1, 1, 8, 8]
        for binary in (True, False):
            given = triton_http.InferInput("image", list(ink.shape), "FP32")
            given.set_data_from_numpy(ink, binary_data=binary)
            wanted = [triton_http.InferRequestedOutput("scores", binary_data=binary)]
            result = client.infer("digit-recognise", [given], outputs=wanted, headers=dict(key))
            check_digits(result.as_numpy("scores"), labels)
            counter.expect("digit-recognise", len(labels))
    with triton_grpc.InferenceServerClient(demo["grpc"]) as caller:
        assert caller.is_server_live()
        tensor = triton_grpc.InferInput("image", [1, 1, 8, 8], "FP32")
        for row, label in zip(ink[:3], labels, strict=False):
            tensor.set_data_from_numpy(row[None])
            check_digits(caller.infer("digit-recognise", [tensor], headers=dict(key)).as_numpy("scores"), [label])
            counter.expect("digit-recognise", 1)
        with pytest.raises(InferenceServerException, match="UNAUTHENTICATED"):
            caller.infer("digit-recognise", [tensor], headers={"x-api-key": "tsr_live_wrong"})


def check_digits(scores: Any, labels: list[int]) -> None:
    assert scores.shape == (len(labels), 10)
    assert scores.argmax(axis=1).tolist() == labels


def later(counter: Counter) -> None:
    """A call that is put off, polled to its end, and charged once though its request is repeated."""
    api = counter.customer.api
    headers = {"Prefer": "respond-async", "Idempotency-Key": "once"}
    body = {"input": {"text": "A splendid day."}, "metadata": {"order": "7"}}
    queued = api.post("/api/v1/models/sentiment-en/predictions", json=body, headers=headers)
    assert queued.status_code == 202, queued.text
    address = queued.headers["location"]
    job: dict[str, Any] = {}

    def ended() -> bool:
        nonlocal job
        job = api.get(address).json()
        return job["status"] not in ("queued", "starting", "processing")

    eventually(ended, 20)
    assert (job["status"], job["progress"], job["metadata"]) == ("succeeded", 1.0, {"order": "7"})
    assert job["output"]["verdict"] == "positive"
    assert job["usage"]["units"] == 1
    assert Decimal(job["usage"]["cost"]) == Decimal(counter.price("sentiment-en")["amount"])
    counter.expect("sentiment-en", 1)
    again = api.post("/api/v1/models/sentiment-en/predictions", json=body, headers=headers)
    assert again.json()["id"] == job["id"]


def usage_equals(counter: Counter) -> None:
    usage = counter.customer.usage()
    assert {model: (row["events"], row["units"]) for model, row in usage.items()} == {
        model: (calls, counter.units[model]) for model, calls in counter.calls.items()}
    for model, row in usage.items():
        assert Decimal(row["amount"]) == counter.units[model] * Decimal(counter.price(model)["amount"])


def draft_equals(counter: Counter) -> None:
    answer = counter.customer.api.get("/api/v1/invoices/draft")
    assert answer.status_code == 200, answer.text
    draft = answer.json()
    lines = {line["model"]: line for line in draft["lines"]}
    assert len(lines) == len(draft["lines"])
    assert {model: Decimal(line["amount"]) for model, line in lines.items()} == {
        model: counter.due(model) for model in counter.units}
    for model, line in lines.items():
        free = counter.price(model)["free_per_month"]
        assert (line["units"], line["included"]) == (counter.units[model], min(counter.units[model], free))
    assert lines["tabular-anomaly"]["amount"] == "0.15"  # 1,450 rows above the free ones: 14.5 cents, half up
    assert Decimal(draft["total"]) == sum((counter.due(model) for model in counter.units), Decimal(0)) > 0


# ---------------------------------------------------------------- the flows

def test_a_customer_from_sign_up_to_invoice(customer: Customer, demo: dict[str, str]) -> None:
    browse_and_subscribe(customer)
    counter = Counter(customer)
    media(counter)
    language(counter)
    numbers(counter)
    tours(counter)
    tensors(counter, demo)
    later(counter)
    assert set(counter.calls) == set(EVERY_MODEL)
    usage_equals(counter)
    draft_equals(counter)


def test_failures_say_why_and_cost_nothing(customer: Customer) -> None:
    for model in ("face-detect", "sentiment-en", "digit-recognise"):
        customer.subscribe(model)
    counter = Counter(customer)
    counter.call("sentiment-en", 1, json={"input": {"text": "Good."}})
    before, drafted = customer.usage(), customer.api.get("/api/v1/invoices/draft").json()
    text, infer = {"json": {"input": {"text": "Good."}}}, "/v2/models/digit-recognise/infer"
    unknown_key = apikeys.mint("live")
    photo = (SAMPLES / "astronaut.jpg").read_bytes()

    def shaped(*shape: int) -> dict[str, Any]:
        data = [0.0] * math.prod(shape)
        return {"json": {"inputs": [{"name": "image", "shape": list(shape), "datatype": "FP32", "data": data}]}}

    def prediction(model: str) -> str:
        return f"/api/v1/models/{model}/predictions"

    calls: list[tuple[str, dict[str, Any], int, tuple[str, ...]]] = [
        (prediction("sentiment-en"), {**text, "headers": {"X-API-Key": "tsr_live_wrong"}}, 401, ("invalid_api_key",)),
        (prediction("sentiment-en"), {**text, "headers": {"X-API-Key": unknown_key}}, 401, ("invalid_api_key",)),
        (infer, {**shaped(1, 1, 8, 8), "headers": {"X-API-Key": unknown_key}}, 401, ("invalid_api_key",)),
        (prediction("no-such-model"), text, 404, ("model_not_found",)),
        ("/v2/models/no-such-model/infer", shaped(1, 1, 8, 8), 404, ("model_not_found",)),
        (prediction("readability"), text, 403, ("not_subscribed",)),
        (prediction("sentiment-en"), {"content": b'{"input": {"text": '}, 400, ("malformed_json",)),
        (prediction("sentiment-en"), {"json": {"input": {"text": 5}}}, 422, ("validation_error",)),
        (prediction("sentiment-en"), {"json": {"input": {"txt": "Good."}}}, 422, ("validation_error",)),
        (prediction("sentiment-en"), {"json": {**text["json"], "version": 99}}, 404, ("version_not_found",)),
        (prediction("face-detect"), {"files": {"image": ("a.jpg", b"not a picture at all", "image/jpeg")}}, 422,
         ("validation_error", "model_error")),
        (prediction("face-detect"), {"files": {"image": ("a.jpg", photo[:2000], "image/jpeg")}}, 422,
         ("validation_error", "model_error")),
        (infer, shaped(1, 1, 9, 8), 422, ("input_signature_mismatch",)),
        (infer, shaped(64), 422, ("input_signature_mismatch",)),
        (infer, {"content": b'{"inputs": ['}, 400, ("malformed_json",)),
        (infer, {"content": b""}, 400, ("invalid_request", "malformed_json")),
    ]
    for path, request, status, codes in calls:
        answer = customer.api.post(path, **request)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text[:300]}"
        assert answer.json()["code"] in codes, answer.text[:300]
        assert answer.headers["x-cost"] == "0"
    for path in (prediction("sentiment-en"), infer):
        assert declare(customer, path, 65 << 20) == (413, "payload_too_large")
    assert customer.usage() == before
    assert customer.api.get("/api/v1/invoices/draft").json() == drafted


def declare(customer: Customer, path: str, size: int) -> tuple[int, str]:
    """The answer to the announcement of a body of this size: it comes before the body would be sent."""
    connection = http.client.HTTPConnection(customer.api.base_url.host, customer.api.base_url.port, timeout=10)
    try:
        connection.putrequest("POST", path)
        for name, value in (("X-API-Key", customer.key), ("Content-Type", "application/json"),
                            ("Content-Length", str(size))):
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())["code"]
    finally:
        connection.close()


def test_a_revoked_key_is_refused_within_a_second(customer: Customer) -> None:
    customer.subscribe("sentiment-en")
    counter = Counter(customer)
    counter.call("sentiment-en", 1, json={"input": {"text": "Good."}})
    gone = customer.session.delete(f"/api/v1/api-keys/{customer.key_id}", headers=csrf(customer.session))
    assert gone.status_code == 204, gone.text
    revoked = time.monotonic()

    def refused() -> bool:
        answer = customer.api.post("/api/v1/models/sentiment-en/predictions", json={"input": {"text": "Good."}})
        return bool(answer.status_code == 401 and answer.json()["code"] == "invalid_api_key")

    eventually(refused, 1)
    assert time.monotonic() - revoked < 1
    assert customer.api.get("/api/v1/usage").status_code == 401
