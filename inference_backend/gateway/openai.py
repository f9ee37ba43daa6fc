"""The OpenAI-compatible subset under /v1: which call is asked for, and the calls that run no model."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import unquote

from inference_backend import oip
from inference_backend.files import MAX_DIRECT, Batches, FileInfo, Files
from inference_backend.gateway import openai_tasks
from inference_backend.gateway.http import Request, Response
from inference_backend.gateway.openai_tasks import Caller
from inference_backend.invocation import Outcome, authenticate
from inference_backend.predictions import form_parts
from inference_backend.runtime import Runtime
from kernel.contracts import Grant
from kernel.problems import FieldError, Problem


async def answer(runtime: Runtime, request: Request) -> Response:
    """Everything below /v1."""
    match (request.method, [unquote(part) for part in request.path.split("/")[2:]]):
        case ("GET", ["models"]):
            return await models(runtime, request, None)
        case ("GET", ["models", name]):
            return await models(runtime, request, name)
        case ("POST", ["embeddings"]):
            return _json(await openai_tasks.embed(runtime, _document(request), request.body, _caller(request)))
        case ("POST", ["moderations"]):
            return _json(await openai_tasks.moderate(runtime, _document(request), request.body, _caller(request)))
        case ("POST", ["audio", "transcriptions"]):
            return await _transcription(runtime, request)
        case ("POST", ["audio", "speech"]):
            spoken = await openai_tasks.speak(runtime, _document(request), request.body, _caller(request))
            return Response(spoken.document["audio"], content_type=spoken.document["content_type"],
                            headers=_headers(spoken.outcomes))
        case (_, ["files", *rest]):
            return await _files(runtime, request, rest)
        case (_, ["batches", *rest]):
            return await _batches(runtime, request, rest)
        case (_, ["chat", "completions"] | ["completions"] | ["responses"] | ["images", *_]):
            raise Problem("model_not_found", "this platform has no model for this call; GET /v1/models lists what "
                                             "there is")
    raise Problem("not_found", "there is nothing here")


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


def _caller(request: Request) -> Caller:
    return Caller(key=request.key, ip=request.ip, event_id=request.event_id, may_cache=request.may_cache)


def _document(request: Request) -> dict[str, Any]:
    document = oip.parse_json(request.body)
    if not isinstance(document, dict):
        raise Problem("invalid_request", "the body must be a JSON object")
    return document


def _json(ran: openai_tasks.Ran) -> Response:
    return Response.json(ran.document, headers=_headers(ran.outcomes))


def _headers(outcomes: list[Outcome]) -> dict[str, str]:
    """The last call's headers, and its limits by OpenAI's names."""
    last = outcomes[-1]
    hold = last.hold
    return last.headers | {
        "x-ratelimit-limit-requests": str(hold.limit), "x-ratelimit-remaining-requests": str(max(hold.remaining, 0)),
        "x-ratelimit-reset-requests": f"{hold.reset_s}s"}


async def _transcription(runtime: Runtime, request: Request) -> Response:
    fields = {part.name: part for part in form_parts(request.body, request.headers.get("content-type", ""))}
    plain = {name: part.content.decode(errors="replace") for name, part in fields.items() if part.filename is None}
    file = fields.get("file")
    if file is None or not file.content:
        raise Problem("invalid_request", "file is required", errors=[FieldError("file", "must be audio", "required")])
    form = plain.get("response_format", "json")
    if form not in ("json", "text", "verbose_json"):
        raise Problem("invalid_request", "response_format must be json, text or verbose_json",
                      errors=[FieldError("response_format", "must be json, text or verbose_json")])
    ran = await openai_tasks.transcribe(runtime, plain, file.content, request.body, _caller(request))
    headers = _headers(ran.outcomes)
    if form == "text":
        return Response(ran.document["text"].encode() + b"\n", content_type="text/plain; charset=utf-8",
                        headers=headers)
    return Response.json(ran.document if form == "verbose_json" else {"text": ran.document["text"]}, headers=headers)


# ---------------------------------------------------------------- files and batches

async def _files(runtime: Runtime, request: Request, rest: list[str]) -> Response:
    grant, store = await _granted(runtime, request, "files"), runtime.files
    if store is None:
        raise Problem("not_found", "this gateway keeps no files")
    match (request.method, rest):
        case ("POST", []):
            return Response.json(_file(await _store(store, grant, request)))
        case ("GET", []):
            limit, after = _page(request)
            found, more = await store.page(grant.org_id, limit=limit, after=after,
                                           purpose=request.argument("purpose") or "")
            return Response.json(_list([_file(info) for info in found], more))
        case ("GET", [file_id]):
            return Response.json(_file(await store.get(grant.org_id, file_id)))
        case ("GET", [file_id, "content"]):
            info = await store.get(grant.org_id, file_id)
            return Response(await store.read(grant.org_id, file_id, limit=MAX_DIRECT), content_type=info.content_type)
        case ("DELETE", [file_id]):
            await store.delete(grant.org_id, file_id)
            return Response.json({"id": file_id, "object": "file", "deleted": True})
    raise Problem("not_found", "there is nothing here")


async def _store(store: Files, grant: Grant, request: Request) -> FileInfo:
    fields = {part.name: part for part in form_parts(request.body, request.headers.get("content-type", ""))}
    file = fields.get("file")
    if file is None or file.filename is None:
        raise Problem("invalid_request", "file is required", errors=[FieldError("file", "must be a file", "required")])
    purpose = fields["purpose"].content.decode(errors="replace") if "purpose" in fields else ""
    return await store.create(grant.org_id, filename=file.filename or "file", content=file.content,
                              content_type=file.content_type, purpose=purpose)


async def _batches(runtime: Runtime, request: Request, rest: list[str]) -> Response:
    grant, store = await _granted(runtime, request, "predict"), runtime.batches
    if store is None:
        raise Problem("not_found", "this gateway takes no batches")
    match (request.method, rest):
        case ("POST", []):
            return Response.json(await _create_batch(store, grant, _document(request)))
        case ("GET", []):
            limit, after = _page(request)
            return Response.json(_list(*await store.page(grant.org_id, limit=limit, after=after)))
        case ("GET", [batch_id]):
            return Response.json(await store.get(grant.org_id, batch_id))
        case ("POST", [batch_id, "cancel"]):
            return Response.json(await store.cancel(grant.org_id, batch_id))
    raise Problem("not_found", "there is nothing here")


async def _create_batch(store: Batches, grant: Grant, document: dict[str, Any]) -> dict[str, Any]:
    for name in ("input_file_id", "endpoint"):
        if not isinstance(document.get(name), str):
            raise Problem("invalid_request", f"{name} is required", errors=[FieldError(name, "must be text",
                                                                                       "required")])
    if document.get("completion_window", "24h") != "24h":
        raise Problem("invalid_request", "completion_window must be 24h",
                      errors=[FieldError("completion_window", "must be 24h")])
    metadata = document.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise Problem("invalid_request", "metadata must be an object", errors=[FieldError("metadata", "must be an "
                                                                                          "object")])
    return await store.create(grant, endpoint=document["endpoint"], input_file_id=document["input_file_id"],
                              metadata=metadata)


async def _granted(runtime: Runtime, request: Request, scope: str) -> Grant:
    grant = await authenticate(runtime, request.key, request.ip)
    if scope not in grant.scopes:
        raise Problem("insufficient_scope", f"this API key lacks the scope {scope}", scope=scope)
    return grant


def _page(request: Request) -> tuple[int, str]:
    limit = request.argument("limit") or "20"
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:6]) <= 10_000):
        raise Problem("invalid_request", "limit must be 1 to 100", errors=[FieldError("limit", "must be 1 to 100")])
    return min(int(limit), 100), request.argument("after") or ""


def _list(items: list[dict[str, Any]], more: bool) -> dict[str, Any]:
    return {"object": "list", "data": items, "has_more": more, "first_id": items[0]["id"] if items else None,
            "last_id": items[-1]["id"] if items else None}


def _file(info: FileInfo) -> dict[str, Any]:
    return {"id": info.id, "object": "file", "bytes": info.bytes, "created_at": _epoch(info.created_at),
            "expires_at": _epoch(info.expires_at), "filename": info.filename, "purpose": info.purpose,
            "status": "processed"}


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())
