"""Several analyses of one image, the classic endpoint, and OIP's generate: answers by value and each refusal."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest
from doubles import Bench, faces, grant, route
from test_gateway import PNG, Answer, call

from inference_backend import netguard
from kernel.contracts import Price, Route

IMAGE = base64.b64encode(PNG).decode()


def sees(model: str, task: str, **changes: Any) -> Route:
    base = faces()
    return route(model, **{
        "task": task, "runtime": "host", "host": "host-vision", "input_kinds": {"image": {"kind": "image"}},
        "price": Price("image", base.price.amount, "USD", 1), **changes})


def bench(**settings: Any) -> Bench:
    made = Bench(
        grants=[grant(models=("finder", "reader", "cold-reader", "speaker"))],
        routes=[sees("finder", "object-detection"), sees("cold-reader", "ocr", pool="cold"), sees("reader", "ocr"),
                sees("foreign", "saliency"),
                sees("pair", "depth-estimation", input_kinds={"images": {"kind": "images"}}),
                route("speaker", task="t", runtime="host", host="host-text",
                      input_kinds={"text": {"kind": "text", "max_chars": 20}},
                      parameters={"tone": {"kind": "choice", "choices": ["dry"], "default": "dry"}})],
        **settings)
    made.triton.answer = {"output": {"boxes": [{"label": "cat", "score": 0.5}], "text": "HELLO"},
                          "units": {"image": 1}, "elapsed_ms": 2}
    return made


async def post(made: Bench, path: str, body: Any, **headers: str) -> Answer:
    answer = await call(made, "POST", path, body, **headers)
    assert answer is not None
    return answer


async def test_each_analysis_is_answered_and_billed() -> None:
    made = bench()
    body = {"image": IMAGE, "types": ["OBJECT_DETECTION", "text-recognition"]}
    answer = await post(made, "/api/v1/analyze-image", body)
    assert answer.status == 200, answer.body
    assert answer.json["detected_objects"] == [{"label": "cat", "score": 0.5}]
    assert answer.json["recognized_text"] == "HELLO"
    results = answer.json["results"]
    assert {kind: result["model"] for kind, result in results.items()} == {
        "OBJECT_DETECTION": "finder", "text-recognition": "reader"}
    assert [result["usage"]["cost"] for result in results.values()] == ["0.0015", "0.0015"]
    assert answer.json["usage"] == {"cost": "0.0030", "currency": "USD"}
    assert answer.headers["x-cost"] == "0.0030 USD"
    assert sorted(event.model for event in made.ledger.events.values()) == ["finder", "reader"]
    assert not made.meter.open


async def test_where_no_detector_is_offered_the_nearest_one_answers_and_says_so() -> None:
    made = bench()
    made.snapshots.by_name["finder"] = sees("finder", "face-detection")
    answer = await post(made, "/api/v1/analyze-image", {"image": IMAGE, "types": ["OBJECT_DETECTION"]})
    assert answer.status == 200, answer.body
    result = answer.json["results"]["OBJECT_DETECTION"]
    assert result["model"] == "finder"
    assert result["warnings"] == ["no model of object-detection is offered here: this is face-detection by finder"]
    assert answer.json["detected_objects"] == [{"label": "cat", "score": 0.5}]


async def test_one_that_fails_stands_in_the_answer_and_costs_nothing() -> None:
    made = bench()
    made.snapshots.by_name["finder"] = sees("finder", "object-detection",
                                            input_kinds={"image": {"kind": "image", "max_bytes": 5}})
    answer = await post(made, "/api/v1/analyze-image", {"image": IMAGE, "types": ["object_detection", "ocr"]})
    assert answer.status == 200
    assert answer.json["results"]["object_detection"]["error"]["code"] == "validation_error"
    assert answer.json["results"]["ocr"]["error"] is None
    assert [event.model for event in made.ledger.events.values()] == ["reader"]
    alone = await post(made, "/api/v1/analyze-image", {"image": IMAGE, "types": ["object_detection"]})
    assert (alone.status, alone.json["code"]) == (422, "validation_error")


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"image": IMAGE}, 422, "/types"),
        ({"image": IMAGE, "types": []}, 422, "/types"),
        ({"image": IMAGE, "types": ["ocr", "text_recognition"]}, 422, "/types"),
        ({"types": ["ocr"]}, 422, "/image"),
        ({"image": IMAGE, "url": "http://x", "types": ["ocr"]}, 422, "/image"),
        ({"image": IMAGE, "types": ["mind-reading"]}, 422, "/types/0"),
        ({"image": IMAGE, "types": ["depth_estimation"]}, 422, "/types/0"),
        ({"image": IMAGE, "types": ["ocr"], "x": 1}, 422, "/x"),
        ({"image": IMAGE, "types": ["saliency"]}, 403, None),
        ({"url": "file:///etc/passwd", "types": ["ocr"]}, 422, "/url"),
    ],
)
async def test_what_analyze_refuses(body: Any, status: int, pointer: str | None) -> None:
    made = bench()
    answer = await post(made, "/api/v1/analyze-image", body)
    assert answer.status == status, answer.body
    assert pointer is None or pointer in [error["pointer"] for error in answer.json["errors"]]
    assert not made.ledger.events


async def test_a_repeat_of_all_analyses_is_one_bill() -> None:
    made = bench()
    body = {"image": IMAGE, "types": ["object_detection", "ocr"]}
    first = await post(made, "/api/v1/analyze-image", body, idempotency_key="k")
    second = await post(made, "/api/v1/analyze-image", body, idempotency_key="k")
    assert second.body == first.body
    assert len(made.ledger.events) == 2


async def test_generate_takes_text_and_fields() -> None:
    made = bench()
    body = {"id": "7", "text_input": "hi", "parameters": {"tone": "dry"}}
    answer = await post(made, "/v2/models/speaker/generate", body)
    assert answer.status == 200, answer.body
    assert answer.json == {"id": "7", "model_name": "speaker", "model_version": "1", "text_output": "HELLO",
                           "output": made.triton.answer["output"]}
    assert made.triton.requests[-1] == {"input": {"text": "hi"}, "parameters": {"tone": "dry"}}
    fields = await post(made, "/v2/models/finder/versions/1/generate", {"input": {"image": IMAGE}})
    assert fields.json["output"]["boxes"][0]["label"] == "cat"
    assert len(made.ledger.events) == 2


async def test_generate_stream_is_one_event() -> None:
    answer = await post(bench(), "/v2/models/speaker/generate_stream", {"text_input": "hi"})
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.body.startswith(b"data: ")
    assert answer.body.endswith(b"\n\n")
    assert orjson.loads(answer.body[6:])["text_output"] == "HELLO"


async def test_an_output_without_text_is_told_as_json() -> None:
    made = bench()
    made.triton.answer = {"output": {"label": "good", "score": 0.5}, "units": {}}
    answer = await post(made, "/v2/models/speaker/generate", {"text_input": "hi"})
    assert json.loads(answer.json["text_output"]) == {"label": "good", "score": 0.5}


@pytest.mark.parametrize(
    ("model", "body", "status"),
    [
        ("speaker", {}, 422),
        ("speaker", {"text_input": 5}, 422),
        ("speaker", {"text_input": "a", "input": {}}, 422),
        ("speaker", {"text_input": "x" * 21}, 422),
        ("speaker", {"text_input": "a", "parameters": {"tone": "wet"}}, 422),
        ("speaker", {"text_input": "a", "other": 1}, 422),
        ("speaker", [], 400),
        ("finder", {"text_input": "a"}, 422),
        ("foreign", {"text_input": "a"}, 403),
        ("nobody", {"text_input": "a"}, 404),
    ],
)
async def test_what_generate_refuses(model: str, body: Any, status: int) -> None:
    made = bench()
    answer = await post(made, f"/v2/models/{model}/generate", body)
    assert answer.status == status, answer.body
    assert set(answer.json) == {"error", "code", "request_id"}
    assert not made.ledger.events


# ---------------------------------------------------------------- content behind an address


@pytest.fixture
def site() -> Iterator[str]:
    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/hop"):
                left = int(self.path[4:])
                self.send_response(302)
                self.send_header("Location", f"/hop{left - 1}" if left else "/image")
                self.end_headers()
                return
            body = {"/image": PNG, "/large": b"x" * (1 << 20)}.get(self.path)
            self.send_response(200 if body else 404)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.enable_socket
async def test_an_image_behind_a_url(site: str) -> None:
    made = bench(fetch_private=True)
    answer = await post(made, "/api/v1/analyze-image", {"url": f"{site}/hop2", "types": ["ocr"]})
    assert answer.status == 200, answer.body
    assert made.triton.requests == [{"input": {"image": {"$media": 0}}, "parameters": {}}]
    inside = await post(bench(), "/api/v1/analyze-image", {"url": f"{site}/image", "types": ["ocr"]})
    assert (inside.status, inside.json["errors"][0]["pointer"]) == (422, "/url")
    missing = await post(made, "/api/v1/analyze-image", {"url": f"{site}/none", "types": ["ocr"]})
    assert missing.json["errors"][0] == {"pointer": "/url", "detail": "the address answered 404", "code": "invalid"}


@pytest.mark.enable_socket
def test_the_bounds_of_a_fetch(site: str) -> None:
    assert netguard.get(f"{site}/hop2", max_bytes=100, timeout_s=5, allow_private=True) == PNG
    with pytest.raises(netguard.Refused, match="redirects"):
        netguard.get(f"{site}/hop9", max_bytes=100, timeout_s=5, allow_private=True)
    with pytest.raises(netguard.Refused, match="larger than"):
        netguard.get(f"{site}/large", max_bytes=1000, timeout_s=5, allow_private=True)
    with pytest.raises(netguard.Refused, match="not public"):
        netguard.get("http://127.0.0.1/", max_bytes=1000, timeout_s=5)
