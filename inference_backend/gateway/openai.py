"""The OpenAI-compatible subset: the model list and embeddings."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from inference_backend import oip
from inference_backend.gateway.http import Request, Response
from inference_backend.invocation import authenticate
from inference_backend.predictions import Predicted, PredictionBody, predict
from inference_backend.runtime import Runtime
from kernel.problems import FieldError, Problem


async def models(runtime: Runtime, request: Request, name: str | None) -> Response:
    """GET /v1/models and /v1/models/{id}: what this key may call."""
    grant = await authenticate(runtime, request.key, request.ip)
    cards = [{"id": route.model, "object": "model", "created": 0, "owned_by": route.model.partition(".")[0]
              if "." in route.model else "tessera"}
             for route in await runtime.snapshots.routes() if route.model in grant.models]
    if name is None:
        return Response.json({"object": "list", "data": cards})
    for card in cards:
        if card["id"] == name:
            return Response.json(card)
    raise Problem("model_not_found", f"there is no model {name[:64]!r}")


async def embeddings(runtime: Runtime, request: Request) -> Response:
    """POST /v1/embeddings: text or texts in, floats or little-endian float32 in base64 out."""
    document = oip.parse_json(request.body)
    if not isinstance(document, dict) or not isinstance(document.get("model"), str):
        raise Problem("invalid_request", "model is required", errors=[FieldError("model", "must be text", "required")])
    texts = document.get("input")
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list) or not texts or any(not isinstance(text, str) for text in texts):
        raise Problem("invalid_request", "input must be text or a list of texts",
                      errors=[FieldError("input", "must be text")])
    form = document.get("encoding_format", "float")
    if form not in ("float", "base64"):
        raise Problem("invalid_request", "encoding_format must be float or base64",
                      errors=[FieldError("encoding_format", "must be float or base64")])
    name = str(document["model"])
    route = await runtime.snapshots.route(name)
    fields = {kind: field for field, bounds in (route.input_kinds if route else {}).items()
              if (kind := bounds.get("kind")) in ("text", "texts")}
    if route is not None and "texts" not in fields and not ("text" in fields and len(texts) == 1):
        raise Problem("invalid_request", f"{name} does not embed texts")
    given: Any = {fields["texts"]: texts} if "texts" in fields else {fields.get("text", "text"): texts[0]}
    outcome = await predict(runtime, model=name, content_type="application/json", raw=request.body,
                            body=PredictionBody(given, {}), key=request.key, ip=request.ip,
                            event_id=request.event_id, may_cache=request.may_cache)
    predicted: Predicted = outcome.body
    vectors = predicted.output.get("embeddings")
    if not isinstance(vectors, list):
        raise Problem("invalid_request", f"{name} is not an embedding model")
    data = [{"object": "embedding", "index": position, "embedding": vector if form == "float" else base64.b64encode(
        np.asarray(vector, "<f4").tobytes()).decode()} for position, vector in enumerate(vectors)]
    tokens = sum(len(text.split()) for text in texts)
    hold = outcome.hold
    headers = outcome.headers | {
        "x-ratelimit-limit-requests": str(hold.limit), "x-ratelimit-remaining-requests": str(max(hold.remaining, 0)),
        "x-ratelimit-reset-requests": f"{hold.reset_s}s"}
    return Response.json({"object": "list", "model": name, "data": data,
                          "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}, headers=headers)
