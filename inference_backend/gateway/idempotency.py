"""One key, one run: a POST that is repeated with its Idempotency-Key gets the stored answer and is billed once.

Keys are scoped to the organization and the path and live for 24 hours. Only successes are kept; a call that failed
cost nothing and may be tried again with its key. Where the store has lost an answer the ledger still knows that it was
billed: then the repeat is refused (409) rather than run and billed again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson

from inference_backend.answers import KEEP_S, LEASE_MS, TOO_LARGE, Answers
from inference_backend.gateway.http import Request, Response
from inference_backend.invocation import authenticate
from inference_backend.runtime import Runtime
from kernel import clock
from kernel.problems import Problem

LARGE = 1 << 20  # a larger body is hashed off the event loop
_OF_THE_MOMENT = frozenset({"ratelimit", "ratelimit-policy", "server-timing", "retry-after"})


def wanted(request: Request) -> bool:
    """Whether a request asks for this. Asynchronous predictions keep their keys with the job itself."""
    return (request.method == "POST" and "idempotency-key" in request.headers
            and "respond-async" not in request.headers.get("prefer", ""))


async def once(runtime: Runtime, request: Request, run: Callable[[], Awaitable[Response]]) -> Response:
    """Runs the request, or answers it from the store.

    Raises Problem idempotency_key_reused (another body), idempotency_in_progress, or conflict (it was billed, and its
    answer is not kept any more).
    """
    key, answers = request.idempotency_key, runtime.answers
    if key is None or answers is None:
        return await run()
    grant = await authenticate(runtime, request.key, request.ip)
    scope = f"{grant.org_id}:{request.path}:{key}"
    name = hashlib.sha256(scope.encode()).hexdigest()
    body_hash = await asyncio.to_thread(_digest, request) if len(request.body) > LARGE else _digest(request)
    token = os.urandom(16)
    claim = await answers.claim(name, body_hash, token)
    if claim.body_hash != body_hash:
        raise Problem("idempotency_key_reused", "this Idempotency-Key was used for another request")
    if claim.state == "running":
        raise Problem("idempotency_in_progress", "the first request with this Idempotency-Key still runs",
                      headers={"Retry-After": "1"})
    if claim.state == "answered":
        return _unpacked(claim.answer)
    kept = False
    renewing = asyncio.create_task(_renewing(answers, name, body_hash, token))
    try:
        request.event_id = await _event_id(runtime, scope)
        response = await run()
        if 200 <= response.status < 300:
            await asyncio.shield(answers.finish(name, body_hash, token, _packed(response)))
            kept = True
        return response
    finally:
        renewing.cancel()
        if not kept:
            await asyncio.shield(answers.drop(name, body_hash, token))


def _digest(request: Request) -> bytes:
    """The hash of what was sent; of a form without its boundary, because each attempt draws its own."""
    kind, _, boundary = request.headers.get("content-type", "").partition("boundary=")
    body = request.body
    if boundary and kind.startswith("multipart/"):
        body = body.replace(boundary.partition(";")[0].strip().strip('"').encode(), b"")
    return hashlib.sha256(body).digest()


async def _renewing(answers: Answers, name: str, body_hash: bytes, token: bytes) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            await asyncio.sleep(LEASE_MS / 3000)
            await answers.renew(name, body_hash, token)


async def _event_id(runtime: Runtime, scope: str) -> UUID:
    """The id that bills this request. A key that comes back after its day is a new request with a new id."""
    generation = 0
    while True:
        event_id = uuid5(NAMESPACE_URL, f"tessera:idempotency:{scope}:{generation}")
        billed_at = await runtime.ledger.known(event_id)
        if billed_at is None:
            return event_id
        if clock.now() - billed_at < timedelta(seconds=KEEP_S):
            raise Problem("conflict", "this request was answered and billed before, and its answer is not kept any "
                                      "more; a new request needs a new Idempotency-Key")
        generation += 1


def _packed(response: Response) -> bytes:
    head = orjson.dumps([response.status, response.content_type, {
        name: value for name, value in response.headers.items() if name.lower() not in _OF_THE_MOMENT}])
    return b"%08x" % len(head) + head + response.body


def _unpacked(kept: bytes) -> Response:
    if kept == TOO_LARGE:
        raise Problem("conflict", "this request was answered and billed before; its answer was too large to be kept")
    length = int(kept[:8], 16)
    status, content_type, headers = orjson.loads(kept[8:8 + length])
    return Response(kept[8 + length:], status=status, content_type=content_type,
                    headers=headers | {"Idempotent-Replayed": "true"})
