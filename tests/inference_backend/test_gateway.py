"""The gateway as an ASGI application: dialects, billing of delivered successes only, refusals in each shape."""

from __future__ import annotations

import asyncio
import base64
from decimal import Decimal
from typing import Any

import numpy as np
import orjson
import pytest
from doubles import KEY, Bench, faces, grant, route

from inference_backend.gateway import Gateway
from inference_backend.triton.client import TritonError
from inference_backend.triton.control import ControlError
from kernel import apikeys
from kernel.contracts import Target

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
INFER = {"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}], "id": "mine"}


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


async def call(
    bench: Any,
    method: str,
    path: str,
    body: Any = b"",
    *,
    key: str | None = KEY,
    fallback: Any = None,
    gone_after: float | None = None,
    gone_when: asyncio.Event | None = None,
    **headers: str,
) -> Answer | None:
    """One request. With `gone_after` or `gone_when` the client hangs up then; None where nothing was answered."""
    sent: list[dict[str, Any]] = []
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if key:
        named["authorization"] = f"Bearer {key}"
    messages = [{"type": "http.request", "body": raw, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        if gone_when is not None:
            await gone_when.wait()
        else:
            await asyncio.sleep(3600 if gone_after is None else gone_after)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "client": ("10.0.0.1", 9),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }
    await Gateway(bench.runtime, fallback)(scope, receive, send)
    if not sent:
        return None
    return Answer(sent[0]["status"], {k.decode(): v.decode() for k, v in sent[0]["headers"]}, sent[1]["body"])


async def test_an_infer_call_is_answered_and_billed_once() -> None:
    bench = Bench()
    answer = await call(bench, "POST", "/v2/models/addone/infer", INFER)
    assert answer is not None and answer.status == 200, answer and answer.body  # noqa: PT018
    assert answer.json["outputs"][0]["data"] == [2, 3, 4, 5]
    assert answer.json["id"] == "mine"
    assert answer.headers["x-units"] == "1"
    assert answer.headers["x-cost"] == "0.0015 USD"
    assert answer.headers["x-cold-start"] == "1"
    assert answer.headers["ratelimit"] == '"default";r=59;t=12'
    assert {"auth", "quota", "queue", "load", "infer", "post"} <= {
        part.split(";")[0].strip() for part in answer.headers["server-timing"].split(",")
    }
    (event,) = bench.ledger.events.values()
    assert (event.model, event.units, event.unit_amount, event.org_id) == ("addone", 1, Decimal("0.15"), 7)
    assert bench.meter.open == {}
    assert bench.meter.settled == [Decimal("0.15")]
    warm = await call(bench, "POST", "/v2/models/addone/versions/1/infer/", INFER)
    assert warm is not None
    assert warm.headers["x-cold-start"] == "0"
    assert bench.control.loads == ["addone"]


async def test_binary_tensors_in_and_out() -> None:
    data = np.arange(4, dtype="<f4").tobytes()
    head = orjson.dumps(
        {
            "inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 4], "parameters": {"binary_data_size": 16}}],
            "outputs": [{"name": "Y", "parameters": {"binary_data": True}}],
        }
    )
    answer = await call(
        Bench(), "POST", "/v2/models/addone/infer", head + data, inference_header_content_length=str(len(head))
    )
    assert answer is not None
    assert answer.status == 200
    length = int(answer.headers["inference-header-content-length"])
    assert np.frombuffer(answer.body[length:], "<f4").tolist() == [1, 2, 3, 4]


async def test_a_prediction_goes_to_the_host_and_media_come_back_as_data_urls() -> None:
    bench = Bench()
    body = {"input": {"image": base64.b64encode(PNG).decode()}, "parameters": {"threshold": 0.6}, "metadata": {"a": 1}}
    answer = await call(bench, "POST", "/api/v1/models/faces/predictions", body)
    assert answer is not None and answer.status == 200, answer and answer.body  # noqa: PT018
    assert answer.json["output"]["mask"] == "data:image/png;base64," + base64.b64encode(b"PNG").decode()
    assert answer.json["status"] == "succeeded"
    assert answer.json["usage"]["cost"] == "0.0015"
    assert answer.json["metadata"] == {"a": 1}
    assert answer.json["id"].startswith("pred_")
    assert bench.triton.requests == [{"input": {"image": {"$media": 0}}, "parameters": {"threshold": 0.6}}]
    assert bench.control.loads == ["blaze", "host-vision"]


async def test_a_form_is_the_same_prediction() -> None:
    bench = Bench()
    form = (
        b'--B\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
        + PNG
        + b'\r\n--B\r\nContent-Disposition: form-data; name="threshold"\r\n\r\n0.25\r\n--B--\r\n'
    )
    answer = await call(
        bench, "POST", "/api/v1/models/faces/predictions", form, content_type="multipart/form-data; boundary=B"
    )
    assert answer is not None and answer.status == 200, answer and answer.body  # noqa: PT018
    assert bench.triton.requests[0]["parameters"] == {"threshold": 0.25}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"input": {}}, "/input/image"),
        ({"input": {"image": "%%"}}, "/input/image"),
        ({"input": {"image": base64.b64encode(b"GIF89a").decode()}}, "/input/image"),
        ({"input": {"image": base64.b64encode(PNG * 99).decode()}}, "/input/image"),
        ({"input": {"image": base64.b64encode(PNG).decode(), "x": 1}}, "/input/x"),
        ({"input": {"image": base64.b64encode(PNG).decode()}, "parameters": {"threshold": 7}}, "/parameters/threshold"),
        (
            {"input": {"image": base64.b64encode(PNG).decode()}, "parameters": {"threshold": True}},
            "/parameters/threshold",
        ),
        ({"input": []}, "/input"),
        ({"input": {}, "extra": 1}, "/extra"),
    ],
)
async def test_a_wrong_field_is_named(body: Any, pointer: str) -> None:
    bench = Bench()
    answer = await call(bench, "POST", "/api/v1/models/faces/predictions", body)
    assert answer is not None
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert pointer in [error["pointer"] for error in answer.json["errors"]]
    assert not bench.ledger.events
    assert not bench.meter.open
    assert not bench.triton.calls


@pytest.mark.parametrize(
    ("key", "model", "code", "status"),
    [
        (None, "addone", "invalid_api_key", 401),
        ("tsr_live_x", "addone", "invalid_api_key", 401),
        pytest.param(apikeys.mint("live"), "addone", "invalid_api_key", 401, id="a key of nobody"),
        pytest.param(KEY, "none", "model_not_found", 404, id="no such model"),
        pytest.param(KEY, "other", "not_subscribed", 403, id="not subscribed"),
    ],
)
async def test_who_may_not(key: str | None, model: str, code: str, status: int) -> None:
    bench = Bench(routes=[route(), route("other")])
    answer = await call(bench, "POST", f"/v2/models/{model}/infer", INFER, key=key)
    assert answer is not None
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/json"
    assert not bench.triton.calls


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"active": False}, "invalid_api_key"),
        ({"scopes": ("billing",)}, "insufficient_scope"),
        ({"allowed_ips": ("192.168.0.0/16",)}, "ip_not_allowed"),
    ],
)
async def test_what_a_grant_forbids(changes: dict[str, Any], code: str) -> None:
    answer = await call(Bench(grants=[grant(**changes)]), "POST", "/v2/models/addone/infer", INFER)
    assert answer is not None
    assert answer.json["code"] == code


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (TritonError(500, "boom at /srv/secret"), "backend_error"),
        (TritonError(400, "shape"), "input_signature_mismatch"),
    ],
)
async def test_a_failed_call_is_not_billed_and_tells_nothing_of_the_inside(failure: Exception, code: str) -> None:
    bench = Bench()

    async def fail() -> None:
        raise failure

    bench.triton.before = fail
    answer = await call(bench, "POST", "/v2/models/addone/infer", INFER)
    assert answer is not None
    assert answer.json["code"] == code
    assert b"secret" not in answer.body
    assert not bench.ledger.events
    assert not bench.meter.open


async def test_a_dead_process_is_healed_and_the_call_tried_once_more() -> None:
    bench = Bench()

    async def die_once() -> None:
        bench.triton.before = None
        raise TritonError(500, "Stub process 'addone_0' is not healthy.")

    bench.triton.before = die_once
    answer = await call(bench, "POST", "/v2/models/addone/infer", INFER)
    assert answer is not None
    assert answer.status == 200
    assert bench.control.heals == ["addone"]
    assert len(bench.ledger.events) == 1


async def test_a_model_that_left_the_memory_is_loaded_again() -> None:
    bench = Bench()

    async def gone_once() -> None:
        bench.triton.before = None
        raise TritonError(400, "Request for unknown model: 'addone' is not found")

    bench.triton.before = gone_once
    answer = await call(bench, "POST", "/v2/models/addone/infer", INFER)
    assert answer is not None
    assert answer.status == 200
    assert bench.control.loads == ["addone", "addone"]


async def test_a_load_that_fails_says_why() -> None:
    bench = Bench()
    bench.control.refuse["addone"] = ControlError("opset 99 is not supported")
    answer = await call(bench, "POST", "/v2/models/addone/infer", INFER)
    assert answer is not None
    assert answer.json["code"] == "model_not_ready"
    assert "opset 99" in answer.json["error"]
    assert answer.headers["retry-after"] == "5"
    assert not bench.meter.open


async def test_the_deadline_holds() -> None:
    bench = Bench(routes=[route(timeout_ms=20)])
    bench.triton.before = lambda: asyncio.sleep(10)
    answer = await call(bench, "POST", "/v2/models/addone/infer", INFER)
    assert answer is not None
    assert answer.status == 504
    assert not bench.meter.open
    assert not bench.ledger.events


async def test_a_client_that_hangs_up_pays_nothing() -> None:
    bench = Bench()
    bench.triton.before = lambda: asyncio.sleep(10)
    assert await call(bench, "POST", "/v2/models/addone/infer", INFER, gone_after=0.5) is None
    assert bench.triton.calls
    assert not bench.meter.open
    assert not bench.ledger.events


async def test_usage_that_the_ledger_does_not_take_is_no_success() -> None:
    bench = Bench()
    bench.ledger.fail = True
    answer = await call(bench, "POST", "/v2/models/addone/infer", INFER)
    assert answer is not None
    assert answer.status == 503
    assert not bench.meter.open


async def test_too_large_a_body_is_refused_unread() -> None:
    answer = await call(Bench(), "POST", "/v2/models/addone/infer", b"{}", content_length=str(1 << 40))
    assert answer is not None
    assert answer.status == 413


async def test_the_limits_speak() -> None:
    bench = Bench()
    bench.meter.refuse = "rate_limited"
    answer = await call(bench, "POST", "/v1/embeddings", {"model": "faces", "input": "x"})
    assert answer is not None
    assert answer.status == 400
    answer = await call(bench, "POST", "/v2/models/addone/infer", INFER)
    assert answer is not None
    assert answer.status == 429
    assert "retry-after" in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/v2/repository/models/addone/load",
        "/v2/repository/models/addone/unload",
        "/v2/systemsharedmemory/status",
        "/v2/cudasharedmemory/region/x/register",
        "/v2/trace/setting",
        "/v2/logging",
        "/v2/models/addone/trace/setting",
    ],
)
async def test_tritons_own_doors_stay_shut(path: str) -> None:
    answer = await call(Bench(), "POST", path, b"{}")
    assert answer is not None
    assert answer.status == 403


async def test_what_a_key_can_see() -> None:
    bench = Bench(routes=[route(), faces(), route("other")])
    live = await call(bench, "GET", "/v2/health/live", key=None)
    assert live is not None
    assert live.json == {"live": True}
    index = await call(bench, "POST", "/v2/repository/index", b"")
    assert index is not None
    assert {entry["name"] for entry in index.json} == {"addone", "faces"}
    models = await call(bench, "GET", "/v1/models")
    assert models is not None
    assert {card["id"] for card in models.json["data"]} == {"addone", "faces"}
    metadata = await call(bench, "GET", "/v2/models/addone")
    assert metadata is not None
    assert metadata.json["inputs"] == [{"name": "X", "datatype": "FP32", "shape": [-1, 4]}]
    missing = await call(bench, "GET", "/v2/models/addone/versions/9")
    assert missing is not None
    assert missing.json["code"] == "version_not_found"


async def test_sessions_and_pages_go_to_the_fallback() -> None:
    async def django(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b"django"})

    bench = Bench()
    page = await call(bench, "GET", "/console/", fallback=django, key=None)
    playground = await call(
        bench, "POST", "/api/v1/models/faces/predictions", b"{}", fallback=django, key=None, cookie="s=1"
    )
    assert page is not None
    assert playground is not None
    assert page.status == playground.status == 299


async def test_respond_async_is_handed_to_the_jobs() -> None:
    class Jobs:
        seen: dict[str, Any] = {}

        async def submit(self, grant: Any, **order: Any) -> tuple[dict[str, Any], bool]:
            self.seen = order
            return {"id": "pred_1", "status": "queued"}, False

    bench, jobs = Bench(), Jobs()
    bench.runtime.jobs = jobs
    answer = await call(
        bench, "POST", "/api/v1/models/faces/predictions", {"input": {"image": "x"}}, prefer="respond-async"
    )
    assert answer is not None
    assert answer.status == 202
    assert answer.headers["location"] == "/api/v1/predictions/pred_1"
    assert jobs.seen["model"] == "faces"
    assert jobs.seen["version"] == 1
    assert not bench.triton.calls
    assert not bench.meter.open


async def test_the_articles_endpoint() -> None:
    bench = Bench(classifier="faces")
    bench.triton.answer = {
        "output": {"labels": [{"label": "7", "score": 0.9}, {"label": "1", "score": 0.1}]},
        "units": {"image": 1},
    }
    answer = await call(bench, "POST", "/api/v1/classify", {"image_base64": base64.b64encode(PNG).decode(), "top_k": 1})
    assert answer is not None
    assert answer.json["predictions"] == [{"label": "7", "score": 0.9}]


async def test_the_callers_version_is_the_upstream_version() -> None:
    bench = Bench(routes=[route(targets=(Target(1, 0), Target(2, 100, "canary")))])
    answer = await call(bench, "POST", "/v2/models/addone/versions/canary/infer", INFER)
    assert answer is not None
    assert answer.headers["x-model-version"] == "2"
    assert bench.triton.calls == [("addone", 2)]


@pytest.mark.parametrize("body", [b"", b"[" * 100_000, b'{"inputs":[{}]}', b"\xff", b"null"])
async def test_hostile_bodies_are_the_callers_fault(body: bytes) -> None:
    bench = Bench()
    for path in ("/v2/models/addone/infer", "/api/v1/models/faces/predictions", "/api/v1/classify", "/v1/embeddings"):
        answer = await call(bench, "POST", path, body)
        assert answer is not None and 400 <= answer.status < 500, (path, answer and answer.body)  # noqa: PT018
    assert not bench.meter.open
