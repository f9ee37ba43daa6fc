"""What the SDK makes of one call of yours: uploads in parts, batches, tensors over gRPC, types, options, logs."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from pydantic import BaseModel
from tessera import (
    OBJECT_DETECTION,
    TEXT_RECOGNITION,
    AIClient,
    AnalysisType,
    AsyncAIClient,
    Record,
    _grpc,
    errors,
    results,
    save_media,
)
from tessera.batches import BatchFailed
from tessera.files import UploadInterrupted
from tritonclient.grpc import service_pb2 as pb

from tests.sdk.samples import sample

URL = "http://api.test"
STORED = sample("StoredFile", id="file_1")
BATCH = sample("Batch", id="batch_1", status="completed", progress=1.0, output_file_id="file_out",
               error_file_id="file_err")


class Store:
    """The files part of the API, in memory: what came is kept, and a part can be made to fail."""

    def __init__(self, fail_part: int = 0) -> None:
        self.parts: dict[int, bytes] = {}
        self.forms: list[bytes] = []
        self.sent: list[int] = []
        self.fail_part, self.size = fail_part, 0
        self.asked: dict[str, Any] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1")
        if (request.method, path) == ("POST", "/files"):
            self.forms.append(request.content)
            return httpx.Response(201, json=STORED)
        if path == "/files/file_1":
            return httpx.Response(200, json=STORED)
        if path == "/uploads":
            self.asked = json.loads(request.content)
        elif "/parts/" in path:
            number = int(path.rsplit("/", 1)[1])
            if number == self.fail_part:
                return httpx.Response(503, json={"code": "overloaded", "retryable": True})
            self.sent.append(number)
            self.parts[number] = request.content
            return httpx.Response(200, json=self._part(number))
        elif path.endswith("/complete"):
            whole = b"".join(self.parts[number] for number in sorted(self.parts))
            assert json.loads(request.content)["sha256"] == hashlib.sha256(whole).hexdigest()
            return httpx.Response(200, json=self._upload("file_1"))
        return httpx.Response(200, json=self._upload(None))

    def _part(self, number: int) -> dict[str, Any]:
        content = self.parts[number]
        return {"number": number, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    def _upload(self, file_id: str | None) -> dict[str, Any]:
        return sample("Upload", id="upload_1", bytes=self.asked.get("bytes", 0), max_part_bytes=1 << 25,
                      parts=[self._part(n) for n in sorted(self.parts)], file_id=file_id)

    @property
    def client(self) -> AIClient:
        return AIClient("k", base_url=URL, max_retries=0, transport=httpx.MockTransport(self))


def test_a_small_file_goes_in_one_request(tmp_path: Path) -> None:
    store, seen = Store(), list[tuple[int, int]]()
    path = tmp_path / "näme.csv"
    path.write_bytes(b"0123456789")
    stored = store.client.files.upload(path, purpose="batch", expires_after=60,
                                       on_progress=lambda sent, of: seen.append((sent, of)))
    assert (stored.id, seen) == ("file_1", [(0, 10), (10, 10)])
    form = store.forms[0].decode()
    assert "0123456789" in form
    assert 'name="purpose"\r\n\r\nbatch' in form
    assert 'name="expires_after"\r\n\r\n60' in form
    assert "text/csv" in form


def test_a_large_file_goes_in_parts_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    store, seen = Store(fail_part=3), list[tuple[int, int]]()
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(25)))
    with pytest.raises(UploadInterrupted) as raised:
        store.client.files.upload(path, part_bytes=10)
    assert store.sent == [1, 2]
    store.fail_part = 0
    stored = store.client.files.upload(path, resume=raised.value.upload_id,
                                       on_progress=lambda sent, of: seen.append((sent, of)))
    assert stored.id == "file_1"
    assert store.sent == [1, 2, 3]
    assert b"".join(store.parts[n] for n in (1, 2, 3)) == bytes(range(25))
    assert seen == [(0, 25), (10, 25), (20, 25), (25, 25)]
    with pytest.raises(errors.TesseraError, match="upload of 25 bytes, this file has 3"):
        store.client.files.upload(b"abc", resume="upload_1")


async def test_the_asynchronous_client_uploads_too() -> None:
    store = Store()
    async with AsyncAIClient("k", base_url=URL, transport=httpx.MockTransport(store)) as client:
        assert (await client.files.upload(bytes(25), part_bytes=10)).id == "file_1"
    assert store.sent == [1, 2, 3]


def test_a_download_goes_into_the_folder_only(tmp_path: Path) -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        return (httpx.Response(200, content=b"\0\1") if request.url.path.endswith("/content")
                else httpx.Response(200, json={**STORED, "filename": "../../etc/evil"}))

    client = AIClient("k", base_url=URL, transport=httpx.MockTransport(serve))
    assert client.files.download("file_1", tmp_path) == tmp_path / "evil"
    assert (tmp_path / "evil").read_bytes() == b"\0\1"
    assert client.files.content("file_1") == b"\0\1"


def _batch_server(seen: dict[str, Any], **last: Any) -> httpx.MockTransport:
    states = [{**BATCH, "status": "in_progress", "progress": 0.5}, {**BATCH, **last}]

    def serve(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1")
        if (request.method, path) == ("POST", "/files"):
            seen["lines"] = [json.loads(line) for line in request.content.splitlines() if line[:1] == b"{"]
            return httpx.Response(201, json=STORED)
        if (request.method, path) == ("POST", "/batches"):
            seen["made"] = json.loads(request.content)
            return httpx.Response(201, json=BATCH)
        if path == "/batches/batch_1":
            return httpx.Response(200, json=states.pop(0) if len(states) > 1 else states[0])
        good = [{"custom_id": name, "response": {"status_code": 200, "body": {"output": {"text": name}}}}
                for name in ("b", "a")]
        bad = [{"custom_id": "c", "response": {"status_code": 422, "body": {"code": "model_error"}}}]
        rows = good if path == "/files/file_out/content" else bad
        return httpx.Response(200, content=b"\n".join(json.dumps(row).encode() for row in rows))

    return httpx.MockTransport(serve)


def test_a_whole_batch_is_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    seen: dict[str, Any] = {}
    client = AIClient("k", base_url=URL, transport=_batch_server(seen))
    told: list[tuple[str, float]] = []
    lines = client.batches.run("ocr", {"a": {"image": b"x"}, "b": {"image": b"y"}, "c": {"image": b"z"}},
                               parameters={"lang": "en"}, metadata={"order": "7"},
                               on_progress=lambda batch: told.append((batch.status, batch.progress)))
    assert seen["made"] == {"input_file_id": "file_1", "model": "ocr", "metadata": {"order": "7"}}
    assert seen["lines"][0] == {"custom_id": "a", "input": {"image": "eA=="}, "parameters": {"lang": "en"}}
    assert [(line.custom_id, line.ok) for line in lines] == [("a", True), ("b", True), ("c", False)]
    assert lines[0].output.text == "a"
    assert (lines[2].output, lines[2].body.code) == (None, "model_error")
    assert told == [("in_progress", 0.5), ("completed", 1.0)]


def test_a_batch_that_ran_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    transport = _batch_server({}, status="failed", output_file_id=None, error_file_id=None,
                              errors=[{"line": 1, "code": "invalid", "message": "no JSON"}])
    with pytest.raises(BatchFailed, match="no JSON"):
        AIClient("k", base_url=URL, transport=transport).batches.run("ocr", [{"text": "x"}])


TENSORS = {"F": np.array([[1, -2.5], [3, 4]], "f4"), "I": np.array([-1, 1 << 40], "i8"), "B": np.array([True, False]),
           "H": np.array([0.5], "f2"), "S": np.array(["hé", b"\xff\0"], object), "E": np.zeros((0, 3), "u1")}


def test_a_grpc_request_is_what_tritonclient_reads() -> None:
    request = pb.ModelInferRequest()
    request.ParseFromString(_grpc.encode("digit-cnn", "2", TENSORS))
    assert (request.model_name, request.model_version) == ("digit-cnn", "2")
    assert [(t.name, t.datatype, list(t.shape)) for t in request.inputs] == [
        ("F", "FP32", [2, 2]), ("I", "INT64", [2]), ("B", "BOOL", [2]), ("H", "FP16", [1]), ("S", "BYTES", [2]),
        ("E", "UINT8", [0, 3])]
    assert request.raw_input_contents[0] == TENSORS["F"].tobytes()
    assert request.raw_input_contents[4] == b"\3\0\0\0h\xc3\xa9\2\0\0\0\xff\0"


def test_a_grpc_answer_is_what_tritonclient_writes() -> None:
    answer = pb.ModelInferResponse(model_name="digit-cnn", model_version="2", id="x")
    answer.parameters["triton_final_response"].bool_param = True
    for name, value in TENSORS.items():
        datatype, shape, data = _grpc.packed(name, value)
        answer.outputs.add(name=name, datatype=datatype, shape=shape)
        answer.raw_output_contents.append(data)
    out = _grpc.decode(answer.SerializeToString())
    assert list(out) == list(TENSORS)
    for name in ("F", "I", "B", "H", "E"):
        assert out[name].dtype == TENSORS[name].dtype
        np.testing.assert_array_equal(out[name], TENSORS[name])
    assert out["S"].tolist() == ["hé".encode(), b"\xff\0"]


@pytest.mark.parametrize(("base", "given", "address"), [
    ("http://127.0.0.1:8000", None, ("127.0.0.1:8001", False)), ("https://api.test", None, ("api.test:443", True)),
    ("https://api.test", "grpc.test:9000", ("grpc.test:9000", True)),
    ("http://api.test:80", "grpcs://grpc.test", ("grpc.test:443", True))])
def test_where_grpc_is(base: str, given: str | None, address: tuple[str, bool]) -> None:
    assert _grpc.address_of(base, given) == address


def _ocr(request: httpx.Request) -> httpx.Response:
    output = {"width": 2, "height": 1, "text": "hello", "lines": [{"text": "hello", "score": 0.9, "polygon": []}],
              "newer": {"member": 1}}
    return httpx.Response(200, headers={"X-Request-Id": "req_7", "X-Cost": "0.0015 USD"}, json={
        "id": "pred_1", "model": "ocr", "status": "succeeded", "output": output})


def test_outputs_are_typed_as_asked() -> None:
    client = AIClient("k", base_url=URL, transport=httpx.MockTransport(_ocr))
    done = client.models.get("ocr", results.Ocr).predict(image=b"x")
    assert isinstance(done.output, results.Ocr)
    assert (done.output.lines[0].text, done.output.newer.member) == ("hello", 1)
    assert done.raw_response is not None
    assert (done.raw_response.status_code, done.raw_response.headers["x-cost"]) == (200, "0.0015 USD")

    class Mine(BaseModel):
        text: str

    assert client.models.get("ocr", Mine).predict(image=b"x").output == Mine(text="hello")
    assert results.of_task("face-detection") is results.Boxes
    assert results.of_task("a-task-of-next-year") is Record
    assert results.of_output("ocr") is results.Ocr


def test_a_status_that_is_new_is_waited_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    states = [{"id": "p", "model": "m", "status": status, "output": None} for status in ("rehearsing", "succeeded")]
    client = AIClient("k", base_url=URL, transport=httpx.MockTransport(
        lambda request: httpx.Response(200, json=states.pop(0))))
    job = client.models.get("m").submit(text="x")
    assert (job.status, job.done) == ("rehearsing", False)
    assert job.wait().status == "succeeded"


def test_a_client_with_other_options_shares_the_connections() -> None:
    requests: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"ok": True})

    client = AIClient("k", base_url=URL, headers={"X-Team": "a"}, transport=httpx.MockTransport(keep))
    patient = client.with_options(timeout=300, max_retries=5, headers={"X-Trace": "b"})
    assert patient.request("get", "/api/v1/healthz", query={"deep": True}).json() == {"ok": True}
    assert client.request("POST", "/v2/x", json={"a": None}, idempotency_key="mine").status_code == 200
    assert patient._transport.http is client._transport.http
    assert (requests[0].headers["x-team"], requests[0].headers["x-trace"]) == ("a", "b")
    assert requests[0].extensions["timeout"]["read"] == 300
    assert str(requests[0].url).endswith("?deep=true")
    assert "x-trace" not in requests[1].headers
    assert (requests[1].headers["idempotency-key"], requests[1].content) == ("mine", b'{"a":null}')


def test_the_environment_says_how_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"API_KEY": "k", "TIMEOUT": "7.5", "MAX_RETRIES": "4", "GRPC_URL": "g.test:1"}.items():
        monkeypatch.setenv(f"TESSERA_{name}", value)
    client = AIClient()
    assert (client._transport.timeout, client._transport.max_retries, client._channel._address) == (7.5, 4, "g.test:1")
    monkeypatch.setenv("TESSERA_TIMEOUT", "soon")
    with pytest.raises(errors.ConfigurationError, match="TESSERA_TIMEOUT is no number: 'soon'"):
        AIClient()


def test_the_log_tells_what_was_asked_and_never_the_key(caplog: pytest.LogCaptureFixture,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    answers = [httpx.Response(503, json={"code": "overloaded", "detail": "busy", "retryable": True}), _ocr]

    def serve(request: httpx.Request) -> httpx.Response:
        answer = answers.pop(0)
        return answer if isinstance(answer, httpx.Response) else answer(request)

    client = AIClient("tsr_live_secret", base_url=URL, transport=httpx.MockTransport(serve))
    with caplog.at_level(logging.DEBUG, logger="tessera"):
        client.models.get("ocr").predict(text="my private words")
    assert "POST /api/v1/models/ocr/predictions → 200" in caplog.text
    assert "request req_7" in caplog.text
    assert "attempt 1 failed (503 overloaded: busy" in caplog.text
    assert "secret" not in caplog.text
    assert "private" not in caplog.text


def test_analyses_are_named_by_constants_or_by_text() -> None:
    bodies: list[Any] = []

    def serve(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(200, json={"id": "a", "object": "image_analysis", "results": {}, "recognized_text": "hi",
                                         "detected_objects": [{"label": "cat", "box": {"x": 1}}], "usage": {}})

    client = AIClient("k", base_url=URL, transport=httpx.MockTransport(serve))
    seen = client.analyze_image("https://example.com/a.jpg", [OBJECT_DETECTION, TEXT_RECOGNITION])
    assert bodies[0] == {"url": "https://example.com/a.jpg", "types": ["object_detection", "text_recognition"]}
    assert (seen.get_detected_objects()[0].label, seen.detected_objects[0].box.x) == ("cat", 1)
    assert seen.get_recognized_text() == "hi"
    client.analyze_image(b"abc", [AnalysisType.FACE_DETECTION, "a_task_of_next_year"])
    assert bodies[1]["types"] == ["face_detection", "a_task_of_next_year"]


def test_pictures_in_an_output_are_saved(tmp_path: Path) -> None:
    url = "data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()
    saved = save_media({"image": url, "crops": [{"image": url.replace("png", "jpeg")}], "text": "data:"}, tmp_path)
    assert [path.name for path in saved] == ["output-image.png", "output-crops-0-image.jpg"]
    assert saved[0].read_bytes() == b"\x89PNG"
