"""What /v1 runs: embeddings, moderations, transcriptions and speech, each only by a model that truly does it.

One call of the API may be several invocations (moderations: one per text); each is metered and billed by itself, under
an id of its own that a repeat finds again. Batches run the same functions with the grant that admitted them.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID, uuid5

import numpy as np

from inference_backend.invocation import Outcome, authenticate
from inference_backend.predictions import Predicted, PredictionBody, predict
from inference_backend.runtime import Runtime
from kernel.contracts import Grant, Route
from kernel.ids import prefixed
from kernel.problems import FieldError, Problem

MAX_TEXTS = 64  # of one moderation call
# The catalogue's tasks whose answers say something about whether a text may be shown or kept.
MODERATION = ("content-moderation", "profanity-detection", "pii-detection")
EMBEDDING = ("text-embedding",)
TRANSCRIPTION = ("speech-recognition",)
SPEECH = ("speech-synthesis", "text-to-speech")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a key, or a grant that was admitted before."""

    key: str | None = None
    grant: Grant | None = None
    ip: str = ""
    event_id: UUID | None = None
    source: Literal["sync", "async", "batch"] = "sync"
    may_cache: bool = True


@dataclass(frozen=True, slots=True)
class Ran:
    """The answer's document and the invocations behind it."""

    document: dict[str, Any]
    outcomes: list[Outcome]


async def _predict(runtime: Runtime, caller: Caller, model: str, given: dict[str, Any], raw: bytes, *,
                   parameters: dict[str, Any] | None = None, part: int | None = None) -> tuple[Predicted, Outcome]:
    event_id = caller.event_id
    if event_id is not None and part is not None:
        event_id = uuid5(event_id, str(part))
    outcome = await predict(runtime, model=model, content_type="application/json", raw=raw,
                            body=PredictionBody(given, parameters or {}), key=caller.key, grant=caller.grant,
                            ip=caller.ip, event_id=event_id, source=caller.source, may_cache=caller.may_cache)
    predicted: Predicted = outcome.body
    return predicted, outcome


def _wrong(param: str, detail: str) -> Problem:
    return Problem("invalid_request", f"{param} {detail}", errors=[FieldError(param, detail)])


# ---------------------------------------------------------------- embeddings

async def embed(runtime: Runtime, document: dict[str, Any], raw: bytes, caller: Caller) -> Ran:
    """POST /v1/embeddings: text or texts in, floats or little-endian float32 in base64 out."""
    name = document.get("model")
    if not isinstance(name, str):
        raise _wrong("model", "is required")
    texts = document.get("input")
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list) or not texts or any(not isinstance(text, str) for text in texts):
        raise _wrong("input", "must be text or a list of texts")
    form = document.get("encoding_format", "float")
    if form not in ("float", "base64"):
        raise _wrong("encoding_format", "must be float or base64")
    if document.get("dimensions") is not None:
        raise _wrong("dimensions", "can't be chosen: a model's vectors have one length")
    route = await runtime.snapshots.route(name)
    fields = {kind: field for field, bounds in (route.input_kinds if route else {}).items()
              if (kind := bounds.get("kind")) in ("text", "texts")}
    if route is not None and (route.task not in EMBEDDING or not (
            "texts" in fields or ("text" in fields and len(texts) == 1))):
        raise Problem("invalid_request", f"{name} does not embed texts")  # before it runs, so before it costs
    given: Any = {fields["texts"]: texts} if "texts" in fields else {fields.get("text", "text"): texts[0]}
    predicted, outcome = await _predict(runtime, caller, name, given, raw)
    vectors = predicted.output["embeddings"]
    data = [{"object": "embedding", "index": position, "embedding": vector if form == "float" else base64.b64encode(
        np.asarray(vector, "<f4").tobytes()).decode()} for position, vector in enumerate(vectors)]
    words = sum(len(text.split()) for text in texts)
    return Ran({"object": "list", "model": name, "data": data,
                "usage": {"prompt_tokens": words, "total_tokens": words}}, [outcome])


# ---------------------------------------------------------------- a model for a task

async def _route_for(runtime: Runtime, caller: Caller, name: Any, tasks: tuple[str, ...], what: str) -> Route:
    """The named model, or the first of these tasks that the caller may use. Raises model_not_found with the reason."""
    if name is not None and not isinstance(name, str):
        raise _wrong("model", "must be text")
    grant = caller.grant or await authenticate(runtime, caller.key, caller.ip)
    routes = [route for route in await runtime.snapshots.routes() if route.task in tasks]
    mine = sorted((route for route in routes if route.model in grant.models),
                  key=lambda route: (tasks.index(route.task), route.model))
    if name is None:
        if mine:
            return mine[0]
    elif found := next((route for route in routes if route.model == name), None):
        return found
    offered = ", ".join(route.model for route in mine)
    missing = f"{name[:64]!r} does not {what}" if name else f"no model that can {what} is open to this key"
    raise Problem("model_not_found", missing + (f"; {offered} can" if offered else "; the catalogue's models are "
                                                "listed at GET /v1/models"))


def _only_field(route: Route, kind: str) -> str:
    for field, bounds in route.input_kinds.items():
        if bounds.get("kind") == kind:
            return field
    raise Problem("model_not_found", f"{route.model} takes no {kind}")


# ---------------------------------------------------------------- moderations

async def moderate(runtime: Runtime, document: dict[str, Any], raw: bytes, caller: Caller) -> Ran:
    """POST /v1/moderations. The categories are the model's own (``pii/email``): none of OpenAI's is claimed that the
    model does not look for."""
    texts = _texts(document.get("input"))
    route = await _route_for(runtime, caller, document.get("model"), MODERATION, "moderate text")
    field = _only_field(route, "text")
    results, outcomes = [], []
    for part, text in enumerate(texts):
        predicted, outcome = await _predict(runtime, caller, route.model, {field: text}, raw, part=part)
        scores = _categories(route, predicted.output)
        results.append({"flagged": any(score >= 0.5 for score in scores.values()),
                        "categories": {name: score >= 0.5 for name, score in scores.items()},
                        "category_scores": scores,
                        "category_applied_input_types": {name: ["text"] for name in scores}})
        outcomes.append(outcome)
    return Ran({"id": prefixed("modr"), "model": route.model, "results": results}, outcomes)


def _texts(given: Any) -> list[str]:
    items = [given] if isinstance(given, str) else given
    if not isinstance(items, list) or not 0 < len(items) <= MAX_TEXTS:
        raise _wrong("input", f"must be text or a list of 1 to {MAX_TEXTS} texts")
    texts = []
    for item in items:
        text = item.get("text") if isinstance(item, dict) and item.get("type") == "text" else item
        if not isinstance(text, str):
            raise _wrong("input", "must hold texts: images are not moderated")
        texts.append(text)
    return texts


def _categories(route: Route, output: dict[str, Any]) -> dict[str, float]:
    """Category → score, from found passages or from scored labels."""
    prefix = "pii/" if route.task == "pii-detection" else ""
    found = output.get("spans") if isinstance(output.get("spans"), list) else output.get("labels")
    if not isinstance(found, list):
        raise Problem("model_not_found", f"{route.model} finds nothing that could be moderated")
    scores: dict[str, float] = {}
    for item in found:
        name = prefix + str(item.get("label", "")).lower()
        score = item.get("score", 1.0)
        scores[name] = max(scores.get(name, 0.0), float(score if isinstance(score, (int, float)) else 1.0))
    if prefix:
        scores = {"pii": max(scores.values(), default=0.0), **scores}
    return scores


# ---------------------------------------------------------------- audio

async def transcribe(runtime: Runtime, fields: dict[str, str], audio: bytes, raw: bytes, caller: Caller) -> Ran:
    """POST /v1/audio/transcriptions: the text, and the segments where the model has them."""
    route = await _route_for(runtime, caller, fields.get("model"), TRANSCRIPTION, "transcribe speech")
    parameters = {"language": fields["language"]} if fields.get("language") and "language" in route.parameters else {}
    predicted, outcome = await _predict(runtime, caller, route.model, {_only_field(route, "audio"): audio}, raw,
                                        parameters=parameters)
    segments = predicted.output.get("segments") or []
    text = predicted.output.get("text")
    if not isinstance(text, str):
        text = " ".join(str(segment.get("label", "")) for segment in segments).strip()
    return Ran({"task": "transcribe", "text": text, "duration": predicted.output.get("duration"),
                "language": fields.get("language"), "segments": [
                    {"id": number, "start": segment.get("start"), "end": segment.get("end"),
                     "text": segment.get("label")} for number, segment in enumerate(segments)]}, [outcome])


async def speak(runtime: Runtime, document: dict[str, Any], raw: bytes, caller: Caller) -> Ran:
    """POST /v1/audio/speech: the sound as the model makes it; nothing is converted."""
    text = document.get("input")
    if not isinstance(text, str) or not text:
        raise _wrong("input", "must be text")
    if document.get("response_format", "wav") != "wav":
        raise _wrong("response_format", "must be wav: sounds are not converted")
    route = await _route_for(runtime, caller, document.get("model"), SPEECH, "speak")
    parameters: dict[str, Any] = {}
    for name in ("voice", "speed"):
        if name in route.parameters and document.get(name) is not None:
            parameters[name] = document[name]
    predicted, outcome = await _predict(runtime, caller, route.model, {_only_field(route, "text"): text}, raw,
                                        parameters=parameters)
    head, _, content = str(predicted.output.get("audio", "")).partition(";base64,")
    if not content:
        raise Problem("backend_error", "the model gave no sound")
    return Ran({"audio": base64.b64decode(content), "content_type": head.removeprefix("data:")}, [outcome])
