"""The platform's own dialect: predictions in human kinds, and the classic classify endpoint."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from inference_backend import oip
from inference_backend.gateway.http import Request, Response
from inference_backend.invocation import authenticate, authorise
from inference_backend.predictions import (
    Predicted,
    PredictionBody,
    parse_body,
    predict,
    prediction_object,
    usage_of,
)
from inference_backend.routing import caller, pick
from inference_backend.runtime import Runtime
from kernel import clock
from kernel.problems import FieldError, Problem

MAX_WAIT_S = 60
LARGE_BODY = 64 << 10


async def prediction(runtime: Runtime, request: Request, model: str) -> Response:
    """POST /api/v1/models/{model}/predictions: 200 with the finished prediction, or 202 where it was put off."""
    content_type = request.headers.get("content-type", "application/json")
    created_at = clock.now()
    if len(request.body) > LARGE_BODY:
        body = await asyncio.to_thread(parse_body, request.body, content_type)
    else:
        body = parse_body(request.body, content_type)
    if "respond-async" in request.prefer:
        return await _put_off(runtime, request, model, content_type, body)
    if body.webhook:
        raise Problem("invalid_request", "a webhook goes with Prefer: respond-async")
    wait_ms, started = _wait_ms(request), time.monotonic()
    try:
        outcome = await predict(runtime, model=model, content_type=content_type, raw=request.body, body=body,
                                key=request.key, ip=request.ip, event_id=request.event_id, timeout_ms=wait_ms,
                                may_cache=request.may_cache)
    except Problem as problem:
        # The caller's patience is over, not the model's: what ran is given up unbilled, and a job goes on in its stead.
        if problem.code != "timeout" or wait_ms is None or time.monotonic() - started < wait_ms / 1000 * 0.95:
            raise
        return await _put_off(runtime, request, model, content_type, body)
    headers = dict(outcome.headers)
    if "wait" in request.prefer:
        headers["Preference-Applied"] = f"wait={request.prefer['wait']}"
    return Response.json(prediction_object(outcome, body, created_at), headers=headers)


def _wait_ms(request: Request) -> int | None:
    wait = request.prefer.get("wait")
    if wait is None:
        return None
    if not (wait.isascii() and wait.isdigit()) or not 1 <= int(wait[:4]) <= MAX_WAIT_S:
        raise Problem("invalid_request", f"Prefer: wait must be 1 to {MAX_WAIT_S} seconds")
    return int(wait) * 1000


async def _put_off(runtime: Runtime, request: Request, model: str, content_type: str, body: PredictionBody) -> Response:
    """A durable job. It is checked as a synchronous call would be, but for what only the host can tell."""
    grant = await authenticate(runtime, request.key, request.ip)
    route = await authorise(runtime, grant, model)
    version = pick(route, body.version, caller(route, grant)).version
    if runtime.jobs is None:
        raise Problem("invalid_request", "this gateway takes no asynchronous predictions")
    answer, replayed = await runtime.jobs.submit(
        grant, model=model, version=version, body=request.body, content_type=content_type, metadata=body.metadata,
        webhook=body.webhook, idempotency_key=request.idempotency_key)
    wait = request.prefer.get("wait")
    headers = {"Preference-Applied": f"wait={wait}" if wait else "respond-async", "Retry-After": "1",
               "Location": f"/api/v1/predictions/{answer['id']}"}
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response.json(answer, status=202, headers=headers)


async def classify(runtime: Runtime, request: Request) -> Response:
    """POST /api/v1/classify ``{"image_base64", "top_k"}``: the best labels of the default classifier."""
    document = oip.parse_json(request.body)
    if not isinstance(document, dict) or not isinstance(document.get("image_base64"), str):
        raise Problem("validation_error", "image_base64 is required",
                      errors=[FieldError("/image_base64", "must be base64 text", "required")])
    top_k = document.get("top_k", 5)
    if type(top_k) is not int or not 1 <= top_k <= 100:
        raise Problem("validation_error", "top_k must be 1 to 100", errors=[FieldError("/top_k", "must be 1 to 100")])
    body = PredictionBody({"image": document["image_base64"]}, {})
    outcome = await predict(runtime, model=runtime.settings.classifier, content_type="application/json",
                            raw=request.body, body=body, key=request.key, ip=request.ip,
                            event_id=request.event_id, may_cache=request.may_cache)
    predicted: Predicted = outcome.body
    labels: list[dict[str, Any]] = predicted.output.get("labels") or []
    answer = {"model": outcome.route.model, "version": outcome.target.version,
              "predictions": [{"label": item.get("label"), "score": item.get("score")} for item in labels[:top_k]],
              "usage": usage_of(outcome)}
    return Response.json(answer, headers=outcome.headers)
