"""Section 7: the OpenAI-compatible dialect."""

from __future__ import annotations

import base64
import math
import struct

from tessera_conformance.registry import check, member, need, same
from tessera_conformance.target import Target
from tessera_conformance.tensors import alike


@check("openai.models", "7.1")
def models(t: Target) -> None:
    """GET /v1/models lists what the key may call; GET /v1/models/{id} is one of them."""
    rows = t.document("GET", "/v1/models")
    same(rows["object"], "list", "`object`")
    need(t.text_name in {row["id"] for row in rows["data"]}, f"{t.text_name} is not listed")
    one = t.document("GET", f"/v1/models/{t.text_name}")
    same((one["id"], one["object"]), (t.text_name, "model"), "the model")


@check("openai.embeddings", "7.2")
def embeddings(t: Target) -> None:
    """POST /v1/embeddings gives one vector a text, in order, with usage."""
    found = t.document("POST", "/v1/embeddings", body={"model": t.text_name, "input": t.texts})
    same([row["index"] for row in found["data"]], list(range(len(t.texts))), "the indices")
    need(all(math.isfinite(value) for row in found["data"] for value in row["embedding"]), "a value is not finite")
    member(found, "usage", dict)


@check("openai.base64", "7.2")
def as_base64(t: Target) -> None:
    """encoding_format base64 gives the same vectors as little-endian float32."""
    body = {"model": t.text_name, "input": t.texts}
    plain = t.document("POST", "/v1/embeddings", body=body)["data"]
    packed = t.document("POST", "/v1/embeddings", body={**body, "encoding_format": "base64"})["data"]
    for a, b in zip(plain, packed, strict=True):
        raw = base64.b64decode(member(b, "embedding", str), validate=True)
        need(alike(list(struct.unpack(f"<{len(raw) // 4}f", raw)), a["embedding"], 1e-5), "other values in base64")


@check("openai.rate-headers", "7.3")
def rate_headers(t: Target) -> None:
    """Answers carry x-ratelimit-{limit,remaining,reset}-requests."""
    answer = t.good("POST", "/v1/embeddings", body={"model": t.text_name, "input": "one"})
    limit, left = (answer.headers.get(f"x-ratelimit-{name}-requests", "") for name in ("limit", "remaining"))
    need(limit.isdigit() and left.isdigit() and int(left) <= int(limit), f"limit {limit!r}, remaining {left!r}")
    need(answer.headers.get("x-ratelimit-reset-requests"), "x-ratelimit-reset-requests is missing")


@check("openai.unknown-model", "7.4")
def unknown_model(t: Target) -> None:
    """An unknown model is 404 model_not_found as {"error": {message, type, param, code}}."""
    answer = t.call("POST", "/v1/embeddings", body={"model": "no-such-model", "input": "x"})
    document = t.refuses(answer, 404, "model_not_found", "openai")
    need({"message", "type", "param", "code"} <= document.keys(), f"the error has {sorted(document)}")
