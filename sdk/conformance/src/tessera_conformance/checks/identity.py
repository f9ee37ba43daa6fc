"""Section 2: who calls, and which call it was."""

from __future__ import annotations

from tessera_conformance import wire
from tessera_conformance.registry import check, need, same
from tessera_conformance.target import Target
from tessera_conformance.tensors import json_request


@check("identity.key-needed", "2.1")
def key_needed(t: Target) -> None:
    """A call without a key is 401 invalid_api_key over OIP."""
    t.refuses(t.call("POST", t.infer_path, body=json_request(t.inputs), key=""), 401, "invalid_api_key", "oip")


@check("identity.key-wrong", "2.1")
def key_wrong(t: Target) -> None:
    """A key that nobody has is 401 invalid_api_key in the native dialect."""
    answer = t.call("POST", t.predictions_path, body={"input": t.text_input}, key="tsr_live_" + "0" * 36)
    t.refuses(answer, 401, "invalid_api_key", "native")


@check("identity.key-wrong-openai", "2.1")
def key_wrong_openai(t: Target) -> None:
    """A key that nobody has is 401 in the OpenAI dialect's own form of an error."""
    t.refuses(t.call("GET", "/v1/models", key="sk-nobody"), 401, "invalid_api_key", "openai")


@check("identity.both-headers", "2.1")
def both_headers(t: Target) -> None:
    """The key is taken from X-API-Key and from Authorization: Bearer alike."""
    found = t.document("GET", "/v2", key="", headers={"Authorization": f"Bearer {t.key}"})
    same(found, t.document("GET", "/v2"), "GET /v2 by bearer")
    need(t.call("GET", "/v2", key="").status_code == 401, "GET /v2 needs no key at all")


@check("identity.grpc-key", "2.1")
def grpc_key(t: Target) -> None:
    """A gRPC call without a key is UNAUTHENTICATED; x-api-key and authorization are both taken."""
    message = wire.infer_request(t.tensor_name, t.inputs, raw=True)
    same(t.rpc("ModelInfer", message, key="").status, "UNAUTHENTICATED", "the status without a key")
    call = t.channel.unary_unary(wire.SERVICE + "ModelInfer")
    need(call(message, metadata=(("authorization", f"Bearer {t.key}"),), timeout=30), "no answer by bearer")


@check("identity.request-id", "2.2")
def request_id(t: Target) -> None:
    """Every answer, good or bad, carries an X-Request-Id of its own."""
    answers = [t.call("GET", "/v2"), t.call("GET", "/v2"), t.call("GET", "/v2/models/no-such-model"),
               t.call("GET", "/api/v1/models", params={"limit": 1}), t.call("GET", "/v1/models")]
    ids = [answer.headers.get("x-request-id", "") for answer in answers]
    need(all(ids), f"missing on {[str(a.request.url.path) for a, i in zip(answers, ids, strict=True) if not i]}")
    same(len(set(ids)), len(ids), "the number of different ids")


@check("identity.request-id-in-errors", "2.2")
def request_id_in_errors(t: Target) -> None:
    """A failure's body names the same request id as its header."""
    for path in ("/api/v1/models/no-such-model/predictions", "/v2/models/no-such-model/infer"):
        answer = t.call("POST", path, body={"input": {}})
        named = answer.json().get("request_id")
        need(named, f"the failure of {path} names no request_id")
        same(named, answer.headers.get("x-request-id"), f"request_id of {path}")


@check("identity.minted-here", "2.2")
def minted_here(t: Target) -> None:
    """A prediction's id is the server's, even where the caller sends ids of its own."""
    headers = {"X-Request-Id": "mine-" + t.fresh()}
    ids = [t.predict(headers=headers).json()["id"] for _ in range(2)]
    need(ids[0] != ids[1] and not any(headers["X-Request-Id"] in one for one in ids), f"the ids are {ids}")
