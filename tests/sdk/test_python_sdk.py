"""The Python SDK over a transport in memory: retries, errors, paging, media, tensors, waiting, webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from tessera import AIClient, AsyncAIClient, Event, Prediction, errors, media, webhooks

Handler = Callable[[httpx.Request], httpx.Response]


def prediction(status: str = "succeeded", **more: Any) -> dict[str, Any]:
    usage = {"unit": "image", "units": 1, "cost": "0.0015", "currency": "USD", "newer": True}
    output = {"lines": [{"text": "hello", "score": 0.9}], "items": 3}
    done = status == "succeeded"
    return {"id": "pred_1", "object": "prediction", "model": "ocr", "status": status, "progress": 1.0 if done else 0.1,
            "output": output if done else None, "usage": usage if done else None, "brand_new": [1], **more}


def problem(status: int, code: str, *, retryable: bool, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, headers=headers, json={
        "title": "t", "status": status, "code": code, "detail": "d", "request_id": "req_9", "retryable": retryable,
        "errors": [{"pointer": "/input/image", "detail": "required", "code": "required"}]})


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits


class Server:
    """Plays its answers in order and keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers, self.requests = list(answers), list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def client(self) -> AIClient:
        return AIClient("tsr_test_x", base_url="http://api.test/", transport=httpx.MockTransport(self))

    def body(self, index: int = -1) -> Any:
        return json.loads(self.requests[index].content)


def test_a_prediction_reads_by_attribute_and_keeps_what_is_new() -> None:
    server = Server(httpx.Response(200, json=prediction()))
    made = server.client.models.get("ocr").predict(image=b"abc", parameters={"lang": "en"})
    assert (made.output.lines[0].text, made.output["items"]) == ("hello", 3)
    assert made.usage is not None
    assert made.usage.cost == Decimal("0.0015")
    assert (made.brand_new, made.usage.newer) == ([1], True)
    with pytest.raises(AttributeError, match="it has lines, items"):
        _ = made.output.nothing
    request = server.requests[0]
    assert str(request.url) == "http://api.test/api/v1/models/ocr/predictions"
    assert request.headers["authorization"] == "Bearer tsr_test_x"
    assert server.body() == {"input": {"image": "YWJj"}, "parameters": {"lang": "en"}}


def test_retries_are_one_logical_call(slept: list[float]) -> None:
    server = Server(problem(503, "overloaded", retryable=True, headers={"Retry-After": "7"}),
                    httpx.ConnectError("down"), httpx.Response(200, json=prediction()))
    server.client.models.get("ocr").predict(text="x")
    keys = [request.headers["idempotency-key"] for request in server.requests]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert len(keys[0]) >= 32
    assert slept[0] == 7
    assert 0.5 <= slept[1] <= 1.0


def test_two_calls_have_two_keys_and_a_given_key_is_kept() -> None:
    server = Server(*[httpx.Response(200, json=prediction()) for _ in range(3)])
    model = server.client.models.get("ocr")
    model.predict(text="x")
    model.predict(text="x")
    model.predict(text="x", idempotency_key="mine")
    first, second, third = (request.headers["idempotency-key"] for request in server.requests)
    assert first != second
    assert third == "mine"


@pytest.mark.parametrize(("status", "code", "kind"), [
    (400, "malformed_json", errors.BadRequest), (401, "invalid_api_key", errors.AuthenticationError),
    (402, "budget_exceeded", errors.PaymentRequired), (403, "not_subscribed", errors.PermissionDenied),
    (404, "model_not_found", errors.NotFound), (409, "conflict", errors.Conflict),
    (413, "payload_too_large", errors.PayloadTooLarge), (422, "model_error", errors.ValidationFailed),
    (429, "quota_exceeded", errors.RateLimited), (418, "new_one", errors.APIStatusError)])
def test_problems_are_typed_and_not_retried(status: int, code: str, kind: type[errors.APIStatusError],
                                            slept: list[float]) -> None:
    server = Server(problem(status, code, retryable=False))
    with pytest.raises(kind) as raised:
        server.client.models.get("ocr").predict(text="x")
    assert (raised.value.code, raised.value.request_id, raised.value.errors[0]["pointer"]) == (
        code, "req_9", "/input/image")
    assert slept == []


def test_attempts_end(slept: list[float]) -> None:
    server = Server(*[problem(502, "backend_error", retryable=True) for _ in range(3)])
    with pytest.raises(errors.ServerError):
        server.client.models.get("ocr").predict(text="x")
    with pytest.raises(errors.APITimeoutError):
        Server(*[httpx.ReadTimeout("slow")] * 3).client.models.get("ocr").predict(text="x")
    refused = Server(problem(429, "rate_limited", retryable=True, headers={"Retry-After": "3600"}))
    with pytest.raises(errors.RateLimited):
        refused.client.models.get("ocr").predict(text="x")
    assert len(slept) == 4


def test_an_answer_that_is_no_document_is_an_error_too(slept: list[float]) -> None:
    server = Server(*[httpx.Response(502, text="<html>")] * 3)
    with pytest.raises(errors.ServerError, match="HTTP 502"):
        server.client.models.get("ocr").predict(text="x")


def test_no_key_is_told_before_any_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TESSERA_API_KEY", raising=False)
    with pytest.raises(errors.ConfigurationError):
        AIClient()
    monkeypatch.setenv("TESSERA_API_KEY", "k")
    monkeypatch.setenv("TESSERA_BASE_URL", "https://example.test")
    assert AIClient()._transport.base_url == "https://example.test"


def test_lists_page_by_themselves() -> None:
    server = Server(httpx.Response(200, json={"data": [prediction()], "has_more": True, "next_cursor": "c1"}),
                    httpx.Response(200, json={"data": [prediction("queued")], "has_more": False, "next_cursor": None}))
    found = list(server.client.predictions.list(limit=1, model="ocr"))
    assert [type(item) for item in found] == [Prediction, Prediction]
    assert [item.status for item in found] == ["succeeded", "queued"]
    assert dict(server.requests[0].url.params) == {"limit": "1", "model": "ocr"}
    assert server.requests[1].url.params["cursor"] == "c1"


def test_a_submitted_job_is_waited_for(slept: list[float]) -> None:
    states = [prediction("processing", progress=0.5), prediction("processing", progress=0.5), prediction()]
    server = Server(httpx.Response(202, json=prediction("queued")), *[httpx.Response(200, json=s) for s in states])
    job = server.client.models.get("ocr").submit(text="x", webhook="https://example.com/h")
    assert server.requests[0].headers["prefer"] == "respond-async"
    seen: list[tuple[str, float | None]] = []
    assert job.wait(on_progress=lambda now: seen.append((now.status, now.progress))).output.lines[0].text == "hello"
    assert seen == [("queued", 0.1), ("processing", 0.5), ("succeeded", 1.0)]


def test_a_failed_job_raises_and_a_slow_one_times_out(slept: list[float]) -> None:
    failed = prediction("failed", error={"code": "model_error", "detail": "no text"})
    server = Server(httpx.Response(202, json=prediction("queued")), httpx.Response(200, json=failed))
    with pytest.raises(errors.PredictionFailed) as raised:
        server.client.models.get("ocr").predict(text="x")
    assert (raised.value.code, raised.value.prediction.status) == ("model_error", "failed")
    slow = Server(httpx.Response(202, json=prediction("queued"))).client.models.get("ocr").submit(text="x")
    with pytest.raises(errors.PredictionTimeout):
        slow.wait(timeout=0)


FIRST = (b"retry: 1000\n\n", b"id: 1\nevent: status\ndata: {\"status\":\"starting\"}\n\n",
         b": still here\n\nid: 2\nevent: progress\ndata: {\"progress\":0.5,\ndata: \"stage\":\"infer\"}\n\n")
LAST = (b"id: 3\nevent: prediction\ndata: {\"status\":\"succeeded\"}\n\n", b"id: 4\nevent: late\ndata: {}\n\n")
STEPS = [Event("1", "status", {"status": "starting"}), Event("2", "progress", {"progress": 0.5, "stage": "infer"}),
         Event("3", "prediction", {"status": "succeeded"})]


class Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Gives its pieces, and then breaks off if it shall."""

    def __init__(self, *pieces: bytes, breaks: bool = False) -> None:
        self.pieces, self.breaks = pieces, breaks

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces
        if self.breaks:
            raise httpx.ReadError("gone")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


def test_events_come_as_they_happen_and_go_on_after_a_break(slept: list[float]) -> None:
    server = Server(problem(503, "overloaded", retryable=True), httpx.Response(200, stream=Stream(*FIRST, breaks=True)),
                    httpx.Response(200, stream=Stream(*LAST)))
    assert list(server.client.predictions.events("pred_1")) == STEPS
    assert [r.headers.get("last-event-id") for r in server.requests] == [None, None, "2"]
    assert {r.headers["accept"] for r in server.requests} == {"text/event-stream"}
    assert {r.url.path for r in server.requests} == {"/api/v1/predictions/pred_1/events"}
    assert len(slept) == 2


def test_a_stream_that_never_speaks_or_does_not_exist_is_an_error(slept: list[float]) -> None:
    silent = Server(*[httpx.Response(200, stream=Stream()) for _ in range(3)])
    with pytest.raises(errors.APIConnectionError, match="ended without a word"):
        list(silent.client.predictions.events("pred_1"))
    with pytest.raises(errors.NotFound):
        list(Server(problem(404, "not_found", retryable=False)).client.predictions.events("pred_2"))


async def test_the_asynchronous_client_streams_too() -> None:
    server = Server(httpx.Response(202, json=prediction("queued")), httpx.Response(200, stream=Stream(*FIRST, *LAST)))
    async with AsyncAIClient("tsr_test_x", base_url="http://api.test", transport=httpx.MockTransport(server)) as client:
        job = await client.models.get("ocr").submit(text="x")
        assert [event async for event in job.events()] == STEPS


def test_what_makes_calls_is_known_by_its_shape() -> None:
    assert Prediction(id="pred_1", model="ocr", status="queued").raw_response is None


@pytest.mark.parametrize("size", [64, 300, 5000])  # 300: no name of a file may be so long
def test_base64_of_any_length_is_no_path(size: int) -> None:
    text = base64.b64encode(bytes(size)).decode()
    assert media.encode(text, media=True) == text


def test_media_from_everything(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"abc")
    image = Image.new("RGB", (2, 1), (1, 2, 3))
    array = np.array([[[1, 2, 3], [4, 5, 6]]], "u1")
    for value in (path, str(path), b"abc", io.BytesIO(b"abc"), bytearray(b"abc")):
        assert media.encode_input({"image": value}) == {"image": "YWJj"}
    for value, pixels in ((image, [(1, 2, 3)] * 2), (array, [(1, 2, 3), (4, 5, 6)])):
        text = media.encode_input({"image": value})["image"]
        back = Image.open(io.BytesIO(base64.b64decode(text)))
        assert list(back.getdata()) == pixels
    assert media.encode_input({"images": [path, b"abc"]}) == {"images": ["YWJj", "YWJj"]}
    assert media.encode_input({"image": "data:image/png;base64,YWJj"}) == {"image": "data:image/png;base64,YWJj"}
    assert media.encode_input({"text": str(path), "series": np.arange(3)}) == {"text": str(path), "series": [0, 1, 2]}
    with pytest.raises(media.UnreadableMedia):
        media.encode_input({"image": "missing.png"})
    with pytest.raises(media.UnreadableMedia):
        media.encode_input({"image": np.zeros((2, 2, 5), "u1")})


def test_tensors_travel_in_binary() -> None:
    def double(request: httpx.Request) -> httpx.Response:
        length = int(request.headers["inference-header-content-length"])
        head, data = json.loads(request.content[:length]), request.content[length:]
        numbers, words = head["inputs"]
        assert (numbers["datatype"], numbers["shape"], words["datatype"]) == ("FP32", [1, 2], "BYTES")
        floats = struct.unpack("<2f", data[:8])
        assert data[8:] == b"\x02\0\0\0hi"
        answer = json.dumps({"outputs": [
            {"name": "Y", "datatype": "FP32", "shape": [1, 2], "parameters": {"binary_data_size": 8}},
            {"name": "W", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": 6}},
            {"name": "J", "datatype": "INT64", "shape": [2], "data": [1, 2]}]}).encode()
        return httpx.Response(200, headers={"Inference-Header-Content-Length": str(len(answer))},
                              content=answer + struct.pack("<2f", *(2 * x for x in floats)) + data[8:])

    client = AIClient("k", transport=httpx.MockTransport(double))
    out = client.models.get("addone").infer({"X": np.array([[1.5, 2]], "f4"), "T": np.array(["hi"])}, version=2)
    np.testing.assert_array_equal(out["Y"], np.array([[3, 4]], "f4"))
    assert (out["W"].tolist(), out["J"].tolist(), out["Y"].dtype) == ([b"hi"], [1, 2], np.float32)


def test_several_analyses_of_one_image() -> None:
    server = Server(*[httpx.Response(200, json={"object_detection": {"boxes": []}}) for _ in range(2)])
    answer = server.client.analyze_image("https://example.com/a.jpg", ["object_detection"])
    assert answer.object_detection.boxes == []
    assert server.body() == {"url": "https://example.com/a.jpg", "types": ["object_detection"]}
    server.client.analyze_image(b"abc", ["object_detection"])
    assert server.body() == {"image": "YWJj", "types": ["object_detection"]}


async def test_the_asynchronous_client_does_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(problem(429, "rate_limited", retryable=True, headers={"Retry-After": "0"}),
                    httpx.Response(202, json=prediction("queued")), httpx.Response(200, json=prediction()),
                    httpx.Response(200, json={"data": [prediction()], "has_more": False, "next_cursor": None}))
    async with AsyncAIClient("k", transport=httpx.MockTransport(server)) as client:
        made = await client.models.get("ocr").predict(text="x")
        assert made.output.lines[0].text == "hello"
        assert [item.id async for item in client.predictions.list()] == ["pred_1"]
    keys = [request.headers.get("idempotency-key") for request in server.requests]
    assert keys[0] == keys[1]
    assert keys[2] is None


def test_webhooks_are_believed_only_when_signed() -> None:
    secret, stamp = "whsec_" + base64.b64encode(b"k" * 32).decode(), int(time.time())
    body = b'{"type":"prediction.succeeded"}'
    signed = f"msg_1.{stamp}.".encode() + body
    signature = base64.b64encode(hmac.new(b"k" * 32, signed, hashlib.sha256).digest()).decode()
    headers = {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(stamp), "Webhook-Signature": f"v1,AAAA v1,{signature}"}
    assert webhooks.verify(body, headers, secret)["type"] == "prediction.succeeded"
    for changed in ({"Webhook-Id": "msg_2"}, {"Webhook-Timestamp": str(stamp - 301)}, {"Webhook-Signature": ""},
                    {"Webhook-Timestamp": "x"}):
        with pytest.raises(errors.InvalidSignature):
            webhooks.verify(body, headers | changed, secret)
    with pytest.raises(errors.InvalidSignature):
        webhooks.verify(body + b" ", headers, secret)
