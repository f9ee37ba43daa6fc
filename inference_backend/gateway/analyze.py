"""POST /api/v1/analyze-image: several analyses of one image in one call, each by the best model that the key may call.

Each analysis is an invocation of its own: it is metered, billed and may fail by itself. The call succeeds when one of
them does; a failed one stands in the answer with its problem, and costs nothing.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from inference_backend import netguard, oip
from inference_backend.gateway.http import Request, Response
from inference_backend.invocation import Outcome, authenticate
from inference_backend.predictions import Predicted, PredictionBody, predict, usage_of
from inference_backend.runtime import Runtime
from kernel.contracts import Grant, Route
from kernel.ids import prefixed
from kernel.problems import FieldError, Problem

MAX_TYPES = 8
AT_ONCE = 2  # analyses of one call that run side by side
FETCH_BYTES = 10 << 20
FETCH_S = 5.0
# Other names for the catalogue's tasks.
TASKS = {
    "text-recognition": "ocr", "text-detection": "ocr", "barcode-recognition": "barcode-reading",
    "barcode-detection": "barcode-reading", "classification": "image-classification", "quality": "image-quality",
    "segmentation": "image-segmentation", "colors": "image-analysis",
}
# What stands in where the shelf has no model of a task that takes a picture alone; the answer names the model that ran
# and says so among its warnings.
NEAREST = {"object-detection": "face-detection"}
_POOLS = {"hot": 0, "warm": 1, "cold": 2}


async def analyze(runtime: Runtime, request: Request) -> Response:
    """``{"image": base64, data URL or file id | "url": …, "types": ["object_detection", …]}``."""
    document = oip.parse_json(request.body)
    if not isinstance(document, dict):
        raise Problem("invalid_request", "the body must be a JSON object")
    types = _types(document)
    grant = await authenticate(runtime, request.key, request.ip)
    chosen = await _routes(runtime, grant, types)
    image = await _image(runtime, document)
    limit = asyncio.Semaphore(max(1, min(AT_ONCE, grant.concurrency)))

    async def one(kind: str, route: Route) -> Outcome | Problem:
        field = _image_field(route)
        assert field is not None
        async with limit:
            try:
                return await predict(
                    runtime, model=route.model, content_type="application/json", raw=request.body, grant=grant,
                    body=PredictionBody({field: image}, {}), event_id=_event_id(request.event_id, kind),
                    may_cache=request.may_cache)
            except Problem as problem:
                return problem

    done = dict(zip(types, await asyncio.gather(*(one(kind, chosen[kind]) for kind in types)), strict=True))
    delivered = [outcome for outcome in done.values() if isinstance(outcome, Outcome)]
    if not delivered:
        raise next(problem for problem in done.values() if isinstance(problem, Problem))
    return Response.json(_answer(done, chosen, request.request_id), headers=_headers(delivered))


def _types(document: dict[str, Any]) -> list[str]:
    unknown = sorted(set(document) - {"url", "image", "types"})
    types = document.get("types")
    errors = [FieldError(f"/{name[:64]}", "unknown member", "unknown") for name in unknown]
    if not isinstance(types, list) or not 0 < len(types) <= MAX_TYPES or any(type(kind) is not str for kind in types):
        errors.append(FieldError("/types", f"must be 1 to {MAX_TYPES} names of analyses", "required"))
    elif len({_task(kind) for kind in types}) < len(types):
        errors.append(FieldError("/types", "must not name an analysis twice"))
    given = [name for name in ("image", "url") if isinstance(document.get(name), str) and document[name]]
    if len(given) != 1:
        errors.append(FieldError("/image", "send either image (base64, data URL or file id) or url", "required"))
    if errors:
        raise Problem("validation_error", f"{errors[0].pointer}: {errors[0].detail}", errors=errors)
    return list(types or ())


def _task(kind: str) -> str:
    name = kind.strip().lower().replace("_", "-")
    return TASKS.get(name, name)


def _image_field(route: Route) -> str | None:
    """The field that takes the image, where nothing else is required."""
    needed = {name: bounds for name, bounds in route.input_kinds.items()
              if "default" not in bounds and not bounds.get("optional")}
    if len(needed) != 1:
        return None
    name, bounds = next(iter(needed.items()))
    return name if bounds.get("kind") == "image" else None


async def _routes(runtime: Runtime, grant: Grant, types: list[str]) -> dict[str, Route]:
    """The route of each analysis: among the key's models of that task the one that is at hand."""
    if "predict" not in grant.scopes:
        raise Problem("insufficient_scope", "this API key lacks the scope predict")
    by_task: dict[str, list[Route]] = defaultdict(list)
    for route in await runtime.snapshots.routes():
        if _image_field(route) is not None:
            by_task[route.task].append(route)
    chosen, errors, foreign = {}, [], []
    for number, kind in enumerate(types):
        task = _task(kind)
        offered = by_task.get(task) or by_task.get(NEAREST.get(task, task), [])
        mine = [route for route in offered if route.model in grant.models]
        if mine:
            chosen[kind] = min(mine, key=lambda route: (_POOLS[route.pool], route.model))
        elif offered:
            foreign.append(min(route.model for route in offered))
        else:
            errors.append(FieldError(f"/types/{number}", f"there is no analysis {kind[:64]!r}; there are "
                                     f"{', '.join(sorted(by_task))}", "unknown"))
    if errors:
        raise Problem("validation_error", errors[0].detail, errors=errors)
    if foreign:
        raise Problem("not_subscribed", f"your organization is not subscribed to {foreign[0]}", model=foreign[0])
    return chosen


async def _image(runtime: Runtime, document: dict[str, Any]) -> str:
    """What `predict` takes as an image: the text as given, or the content behind the URL."""
    url = document.get("url")
    if not url:
        return str(document["image"])
    try:
        content = await asyncio.to_thread(netguard.get, url, max_bytes=FETCH_BYTES, timeout_s=FETCH_S,
                                          allow_private=runtime.settings.fetch_private)
    except (netguard.Refused, OSError, http.client.HTTPException) as error:
        detail = str(error) if isinstance(error, netguard.Refused) else "the address could not be read"
        raise Problem("validation_error", f"url: {detail}", errors=[FieldError("/url", detail)]) from None
    return base64.b64encode(content).decode()


def _event_id(of_request: UUID | None, kind: str) -> UUID | None:
    return None if of_request is None else uuid5(of_request, _task(kind))


def _answer(done: dict[str, Outcome | Problem], chosen: dict[str, Route], request_id: str) -> dict[str, Any]:
    results: dict[str, Any] = {}
    objects: list[Any] = []
    text: str | None = None
    for kind, outcome in done.items():
        if isinstance(outcome, Problem):
            results[kind] = {"model": chosen[kind].model, "error": outcome.document(request_id)}
            continue
        predicted: Predicted = outcome.body
        results[kind] = {
            "model": outcome.route.model, "version": outcome.target.version, "output": predicted.output,
            "warnings": [*predicted.warnings, *_stand_in(kind, outcome.route)], "usage": usage_of(outcome),
            "error": None}
        if _task(kind) == "object-detection":
            objects = list(predicted.output.get("boxes") or [])
        elif _task(kind) == "ocr":
            text = predicted.output.get("text")
    delivered = [outcome for outcome in done.values() if isinstance(outcome, Outcome)]
    return {"id": prefixed("ana"), "object": "image_analysis", "results": results, "detected_objects": objects,
            "recognized_text": text, "usage": {"cost": _cost(delivered), "currency": _currency(delivered)}}


def _stand_in(kind: str, route: Route) -> list[str]:
    wanted = _task(kind)
    if route.task == wanted:
        return []
    return [f"no model of {wanted} is offered here: this is {route.task} by {route.model}"]


def _cost(delivered: list[Outcome]) -> str:
    return format(sum((Decimal(outcome.cost) for outcome in delivered), Decimal(0)), "f")


def _currency(delivered: list[Outcome]) -> str:
    return delivered[0].route.price.currency


def _headers(delivered: list[Outcome]) -> dict[str, str]:
    last = delivered[-1]
    kept = {name: value for name, value in last.headers.items() if name.startswith("RateLimit")}
    return kept | {"X-Cost": f"{_cost(delivered)} {_currency(delivered)}",
                   "X-Units": str(sum(outcome.units for outcome in delivered)),
                   "X-Cold-Start": "1" if any(outcome.load_ms for outcome in delivered) else "0"}
