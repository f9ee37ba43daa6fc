"""The ASGI application: hot calls are answered here, all else goes to the application behind (Django)."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import re
import secrets
from collections.abc import Container, Sequence
from typing import Any
from urllib.parse import unquote

from inference_backend.gateway import analyze, generate, idempotency, native, oip_rest, openai
from inference_backend.gateway.http import (
    MAX_BODY,
    AsgiApp,
    Disconnected,
    Receive,
    Request,
    Response,
    Scope,
    Send,
    problem_response,
)
from inference_backend.gateway.proxies import TrustedProxies
from inference_backend.invocation import MAX_COST, MaxCost, standing
from inference_backend.runtime import Runtime
from kernel import tracing
from kernel.ids import prefixed
from kernel.problems import Problem

log = logging.getLogger(__name__)

_PREDICTIONS = re.compile(r"/api/v1/models/([^/]+)/predictions/?")
_INFER = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?/infer/?")
_GENERATE = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?/generate(_stream)?/?")
_IMAGE_CALLS = ("/api/v1/classify", "/api/v1/analyze-image")
_PROCESS, _numbers = secrets.token_hex(10), itertools.count(secrets.randbits(40))  # no two processes mint the same
_REQUEST_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)


class Gateway:
    """Answers /v2, /v1 and the prediction calls of /api/v1 that carry an API key; `fallback` gets everything else.

    A call with a session cookie and no key is the portal's: Django knows sessions, so it goes there.
    """

    def __init__(self, runtime: Runtime, fallback: AsgiApp | None = None, *, trusted: Sequence[str] = ()) -> None:
        """`trusted` are the networks of our own proxies, whose word on a caller's address and scheme is taken."""
        self.runtime = runtime
        self._fallback = fallback
        self._proxies = TrustedProxies(trusted)
        self._starting: asyncio.Task[None] | None = None
        self._ready = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        dialect = None
        if scope["type"] == "http":
            dialect = dialect_of(scope["method"], scope["path"], {name for name, _ in scope["headers"]})
        self._proxies.correct(scope)
        if dialect is not None:
            await self._serve(scope, receive, send, dialect)
        elif self._fallback is not None:
            await self._fallback(scope, receive, send)
        elif scope["type"] == "http":
            request_id = prefixed("req")
            problem = Problem("not_found", "there is nothing here")
            await problem_response(problem, "native", request_id).send(send, request_id)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, dialect: str) -> None:
        """One call to its answer. When the client goes away first, the call is cancelled and its hold released."""
        headers = dict(scope["headers"])
        request_id = request_id_of(headers.get(b"x-request-id", b"").decode("latin-1"))
        request = Request(scope, request_id)
        try:
            if request.method in ("POST", "PUT", "PATCH"):
                await request.read(receive, MAX_BODY)
            response = await self._unless_gone(self.respond(request, dialect), receive)
        except Disconnected:
            return
        except Problem as problem:
            response = problem_response(problem, dialect, request_id)
        await response.send(send, request_id)

    def caller(self, peer: str, forwarded: str | None) -> str:
        """The address of who calls, from the connection's peer and its X-Forwarded-For."""
        return self._proxies.caller(peer, forwarded)

    async def respond(self, request: Request, dialect: str) -> Response:
        """The answer to a request that is read; a failure is an answer too. Cancelling it stops the call."""
        with tracing.span("gateway", trace=request.request_id, parent=request.headers.get("traceparent", ""),
                          dialect=dialect, method=request.method) as span:
            response = await self._responded(request, dialect)
            span.note("status", response.status)
        return response

    async def _responded(self, request: Request, dialect: str) -> Response:
        try:
            if not self._ready:
                await self._started()
            most = request.headers.get("max-cost")
            MAX_COST.set(None if most is None else MaxCost(most))
            response = await self._answer(request, dialect)
        except Problem as problem:
            response = problem_response(problem, dialect, request.request_id)
        except Exception:
            log.exception("call %s failed", request.request_id)
            failure = Problem("internal_error", "an unexpected failure on our side")
            response = problem_response(failure, dialect, request.request_id)
        if "RateLimit" not in response.headers and self._ready:
            response.headers |= await standing(self.runtime, request.key)
        if response.status >= 400:
            response.headers.setdefault("X-Cost", "0")
        return response

    @staticmethod
    async def _unless_gone(answer: Any, receive: Receive) -> Response:
        work: asyncio.Task[Response] = asyncio.ensure_future(answer)
        watch = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            raise Disconnected
        finally:
            for task in (work, watch):
                if not task.done():
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError, Exception):
                        await task

    async def _answer(self, request: Request, dialect: str) -> Response:
        if idempotency.wanted(request):
            return await idempotency.once(self.runtime, request, lambda: self._run(request, dialect))
        return await self._run(request, dialect)

    async def _run(self, request: Request, dialect: str) -> Response:
        runtime, path, method = self.runtime, request.path, request.method
        if dialect == "native":
            match = _PREDICTIONS.fullmatch(path)
            if match:
                return await native.prediction(runtime, request, unquote(match[1]))
            return await (native.classify if path == "/api/v1/classify" else analyze.analyze)(runtime, request)
        if dialect == "oip":
            match = _INFER.fullmatch(path)
            if match and method == "POST":
                version = unquote(match[2]) if match[2] else None
                return await oip_rest.infer(runtime, request, unquote(match[1]), version)
            if (match := _GENERATE.fullmatch(path)) and method == "POST":
                version = unquote(match[2]) if match[2] else None
                return await generate.generate(runtime, request, unquote(match[1]), version, stream=bool(match[3]))
            return await oip_rest.answer(runtime, request, [unquote(part) for part in path.split("/")[2:]])
        return await openai.answer(runtime, request)

    async def _started(self) -> None:
        """Opens the runtime in the loop of the first call, for servers that run no lifespan."""
        if self._starting is None:
            self._starting = asyncio.ensure_future(self.runtime.start())
        if not self._starting.done():
            await asyncio.shield(self._starting)
        elif (error := self._starting.exception()) is not None:
            self._starting = None
            raise error
        self._ready = True

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        """Our own start and stop. Django runs no lifespan, so the fallback needs none."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._started()
                    self.runtime.warm_later()
                except Exception as error:
                    log.exception("the data plane did not start")
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self.runtime.drain()
                await self.runtime.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def dialect_of(method: str, path: str, names: Container[bytes]) -> str | None:
    """Whose call this is: native, oip, openai, or None for the fallback. `names` are those of its headers."""
    if path.startswith("/v2/") or path == "/v2":
        return "oip"
    if path.startswith("/v1/") or path == "/v1":
        return "openai"
    if not path.startswith("/api/v1/") or method != "POST":
        return None
    hot = path.rstrip("/") in _IMAGE_CALLS or _PREDICTIONS.fullmatch(path) is not None
    keyed = b"x-api-key" in names or b"authorization" in names
    return "native" if hot and (keyed or b"cookie" not in names) else None


def request_id_of(given: str) -> str:
    """The caller's own id of a request where it is usable, else a new one. It names, it never bills."""
    return given if given and _REQUEST_ID.fullmatch(given) else f"req_{_PROCESS}{next(_numbers):012x}"


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
