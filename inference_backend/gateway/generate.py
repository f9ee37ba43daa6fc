"""OIP's generate extension: text or JSON in, text or JSON out, for models whose input people can write.

``{"text_input": "…", "parameters": {…}}`` goes to the model's one text field; ``{"input": {…}}`` names the fields as
the native dialect does. Our models answer once, so the stream of generate_stream is one event.
"""

from __future__ import annotations

from typing import Any

import orjson

from inference_backend import oip
from inference_backend.gateway.http import Request, Response
from inference_backend.invocation import authenticate, authorise
from inference_backend.predictions import Predicted, PredictionBody, predict
from inference_backend.runtime import Runtime
from kernel.contracts import Route
from kernel.problems import FieldError, Problem

_MEMBERS = {"id", "text_input", "input", "parameters"}


async def generate(runtime: Runtime, request: Request, model: str, version: str | None, *, stream: bool) -> Response:
    """POST …/generate and …/generate_stream."""
    grant = await authenticate(runtime, request.key, request.ip)
    route = await authorise(runtime, grant, model)
    document = oip.parse_json(request.body)
    if not isinstance(document, dict):
        raise Problem("invalid_request", "the body must be a JSON object")
    if unknown := sorted(set(document) - _MEMBERS):
        raise Problem("validation_error", f"unknown member {unknown[0][:64]!r}",
                      errors=[FieldError(f"/{unknown[0][:64]}", "unknown member", "unknown")])
    parameters = document.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise Problem("validation_error", "parameters must be an object",
                      errors=[FieldError("/parameters", "must be an object", "type")])
    outcome = await predict(runtime, model=model, content_type="application/json", raw=request.body,
                            body=PredictionBody(_input(route, document), parameters), grant=grant, version=version,
                            event_id=request.event_id, may_cache=request.may_cache)
    predicted: Predicted = outcome.body
    answer: dict[str, Any] = {
        "model_name": model, "model_version": str(outcome.target.version), "text_output": _text(predicted.output),
        "output": predicted.output}
    if isinstance(document.get("id"), str):
        answer["id"] = document["id"]
    if not stream:
        return Response.json(answer, headers=outcome.headers)
    return Response(b"data: " + orjson.dumps(answer) + b"\n\n", content_type="text/event-stream",
                    headers=outcome.headers | {"Cache-Control": "no-store"})


def _input(route: Route, document: dict[str, Any]) -> dict[str, Any]:
    given = document.get("input")
    if given is not None and "text_input" in document:
        raise Problem("validation_error", "send either input or text_input",
                      errors=[FieldError("/text_input", "stands beside input", "conflict")])
    if isinstance(given, dict):
        return given
    if given is not None:
        raise Problem("validation_error", "input must be an object", errors=[
            FieldError("/input", "must be an object of the model's fields", "type")])
    text = document.get("text_input")
    if not isinstance(text, str):
        raise Problem("validation_error", "text_input or input is required",
                      errors=[FieldError("/text_input", "must be text", "required")])
    fields = {name: bounds.get("kind") for name, bounds in route.input_kinds.items()}
    for name, kind in fields.items():
        if kind in ("text", "texts"):
            return {name: text if kind == "text" else [text]}
    raise Problem("validation_error", f"{route.model} takes no text: send input with {', '.join(fields) or 'tensors'}",
                  errors=[FieldError("/text_input", "this model takes no text")])


def _text(output: dict[str, Any]) -> str:
    """The output's own text where it has one, else the whole of it as JSON."""
    text = output.get("text")
    return text if isinstance(text, str) else orjson.dumps(output).decode()
