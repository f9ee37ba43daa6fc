"""The hot calls, answered inside uvicorn's own protocol: no ASGI scope, no queue of messages, one task for each call.

What makes a call hot is only that its body is read to the end before anything happens and its answer is sent in one
piece. The handlers are the Gateway's, the very same that serve over ASGI; every other request goes there. A call's
place in its connection is kept by `_HotCall`, which stands where uvicorn keeps its request cycle: pipelined requests
wait behind it, a drain lets it end, and a client that goes away cancels it.
"""

from __future__ import annotations

import asyncio
import re
from typing import Protocol
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from inference_backend.gateway.app import dialect_of, request_id_of
from inference_backend.gateway.http import MAX_BODY, Request, Response, problem_response
from kernel.problems import Problem

_HOT = re.compile(rb"/v2/models/[^/?]+(?:/versions/[^/?]+)?/infer/?|/v1/(?:embeddings|moderations)/?"
                  rb"|/api/v1/models/[^/?]+/predictions/?|/api/v1/(?:classify|analyze-image)/?")
_H2C = re.compile(rb"\r\nupgrade:(?=[ \t]*h2c[ \t]*\r\n)", re.IGNORECASE)
_HEAD = 4096  # where the headers of a request are looked for
_SMALL = 64 << 10  # an answer up to this size goes out in one write
READ_TIMEOUT_S = 120.0  # for a request that has begun to arrive


class Responder(Protocol):
    """The part of the Gateway that is used here."""

    async def respond(self, request: Request, dialect: str) -> Response: ...

    def caller(self, peer: str, forwarded: str | None) -> str: ...


class _NoEvent:
    """uvicorn wakes its request cycle through an event; a hot call has nobody to wake."""

    def set(self) -> None:
        """Nothing waits."""


_NO_EVENT = _NoEvent()


class _HotCall:
    """One call in flight, in the place of uvicorn's RequestResponseCycle."""

    __slots__ = ("body", "chunks", "dialect", "disconnected", "headers", "keep_alive", "message_event", "more_body",
                 "refusal", "response_complete", "size", "task")

    def __init__(self, dialect: str, headers: dict[str, str], keep_alive: bool) -> None:
        self.dialect, self.headers, self.keep_alive = dialect, headers, keep_alive
        self.chunks: list[bytes] = []
        self.size = 0
        self.refusal: Problem | None = None
        self.task: asyncio.Task[None] | None = None
        self.body = b""  # uvicorn looks at these four
        self.more_body = self.response_complete = self.disconnected = False
        self.message_event = _NO_EVENT


class GatewayProtocol(HttpToolsProtocol):
    """One client connection. `responder` is set on a subclass by `bound_to`."""

    responder: Responder
    _hot: _HotCall | None = None  # the hot call that is being read or answered
    _began = False  # a request has begun to arrive and has not ended
    _reading: asyncio.TimerHandle | None = None

    # ------------------------------------------------------------ reading
    def on_message_begin(self) -> None:
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self._began = True

    def on_headers_complete(self) -> None:
        if self._hot is None and (self.cycle is None or self.cycle.response_complete) and self._take():
            return
        # uvicorn builds this when a message begins; here only the requests need it that go to the application.
        self.scope = {  # type: ignore[typeddict-item]
            "type": "http", "asgi": {"version": self.asgi_version, "spec_version": "2.3"}, "http_version": "1.1",
            "server": self.server, "client": self.client, "scheme": self.scheme,  # type: ignore[typeddict-item]
            "root_path": self.root_path, "headers": self.headers, "state": self.app_state.copy()}
        super().on_headers_complete()

    def _take(self) -> bool:
        """Whether this request is a hot call; then it is kept."""
        if self.parser.get_method() != b"POST" or self.expect_100_continue or _HOT.fullmatch(self.url) is None:
            return False
        names = dict(self.headers)
        path = self.url.decode("ascii")
        dialect = dialect_of("POST", path, names)
        if dialect is None or b"upgrade" in names:
            return False
        call = _HotCall(dialect, {name.decode("latin-1"): value.decode("latin-1") for name, value in names.items()},
                        self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive())
        length = names.get(b"content-length", b"0")
        if length.isdigit() and int(length) > MAX_BODY:
            call.refusal = _too_large()
        elif names.get(b"content-encoding", b"identity") not in (b"identity", b""):
            call.refusal = Problem("unsupported_media_type", "send the body without Content-Encoding")
        self._hot = self.cycle = call  # type: ignore[assignment]
        if call.refusal is not None and call.refusal.code == "payload_too_large":
            self._refuse_now(call)
        return True

    def on_body(self, body: bytes) -> None:
        call = self._hot
        if call is None or call is not self.cycle:  # type: ignore[comparison-overlap]
            super().on_body(body)
            return
        call.size += len(body)
        if call.size > MAX_BODY:
            call.refusal = call.refusal or _too_large()
        if call.refusal is None:
            call.chunks.append(body)
        elif call.size > MAX_BODY:  # the rest is not worth reading
            self._refuse_now(call)

    def on_message_complete(self) -> None:
        self._began = False
        call = self._hot
        if call is None or call is not self.cycle:  # type: ignore[comparison-overlap]
            super().on_message_complete()
        elif call.task is None and not call.response_complete:
            call.task = self.loop.create_task(self._answer(call, self.url.decode("ascii")))
            self.tasks.add(call.task)  # uvicorn's drain waits for these
            call.task.add_done_callback(self.tasks.discard)

    def data_received(self, data: bytes) -> None:
        # Java's client offers HTTP/2 with its first request. A server may decline; but the parser, told of an upgrade,
        # would end the request at its headers and lose the body. So it is not told.
        if not self._began and data.find(b"h2c", 0, _HEAD) >= 0:
            end = data.find(b"\r\n\r\n") + 2
            data = _H2C.sub(b"\r\nx-declined:", data[:end], count=1) + data[end:]
        super().data_received(data)
        if self._began:
            if self._reading is None:
                self._reading = self.loop.call_later(READ_TIMEOUT_S, self._give_up)
        elif self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _give_up(self) -> None:
        """A request that does not arrive to its end holds a descriptor and nothing else; not for ever."""
        self._reading = None
        if not self.transport.is_closing():
            self.transport.close()

    # ------------------------------------------------------------ answering
    async def _answer(self, call: _HotCall, path: str) -> None:
        request_id = request_id_of(call.headers.get("x-request-id", ""))
        if call.refusal is not None:
            response = problem_response(call.refusal, call.dialect, request_id)
        else:
            body = call.chunks[0] if len(call.chunks) == 1 else b"".join(call.chunks)
            call.chunks = []
            path = unquote(path) if "%" in path else path
            ip = self.responder.caller(self.client[0] if self.client else "", call.headers.get("x-forwarded-for"))
            request = Request.of("POST", path, b"", call.headers, ip, request_id, body)
            response = await self.responder.respond(request, call.dialect)
        self._send(call, response, request_id)

    def _send(self, call: _HotCall, response: Response, request_id: str) -> None:
        call.response_complete = True
        self._hot = None
        if call.disconnected or self.transport.is_closing():
            return
        if response.headers.get("Connection") == "close":
            call.keep_alive = False
            del response.headers["Connection"]
        head = response.head(request_id, keep_alive=call.keep_alive)
        if len(response.body) <= _SMALL:
            self.transport.write(head + response.body)
        else:
            self.transport.writelines((head, response.body))
        if not call.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _refuse_now(self, call: _HotCall) -> None:
        """Answers before the body has ended, and closes."""
        if call.response_complete:
            return
        call.keep_alive = False
        assert call.refusal is not None
        request_id = request_id_of(call.headers.get("x-request-id", ""))
        self._send(call, problem_response(call.refusal, call.dialect, request_id), request_id)

    def connection_lost(self, exc: Exception | None) -> None:
        call, self._hot = self._hot, None
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        if call is not None:
            call.disconnected = True
            if call.task is not None:
                call.task.cancel()  # releases the hold and closes the connection to Triton
        super().connection_lost(exc)


def _too_large() -> Problem:
    return Problem("payload_too_large", f"the body must be at most {MAX_BODY} bytes", headers={"Connection": "close"})


def bound_to(responder: Responder) -> type[GatewayProtocol]:
    """The protocol class for a server whose hot calls `responder` answers."""
    return type("BoundGatewayProtocol", (GatewayProtocol,), {"responder": responder})
