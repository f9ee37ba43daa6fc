"""Requests and answers of the ASGI data plane, without a framework."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import orjson

from kernel.problems import Problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

STATUS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus} | {
    499: "HTTP/1.1 499 Client Closed Request\r\n"}
MAX_BODY = 64 << 20  # of any request; a route's own bound may be lower


class Disconnected(Exception):
    """The client went away before its body was complete."""


class Request:
    """One HTTP request. Header names are lower case."""

    __slots__ = ("body", "event_id", "headers", "ip", "method", "path", "query", "request_id")

    def __init__(self, scope: Scope, request_id: str) -> None:
        self.method: str = scope["method"]
        path: str = scope["path"]
        self.path = path.rstrip("/") or "/"
        self.headers: dict[str, str] = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        self.query = scope.get("query_string", b"")
        self.ip: str = (scope.get("client") or ("",))[0]
        self.request_id = request_id
        self.body = b""
        self.event_id: UUID | None = None  # minted where an Idempotency-Key was claimed

    @classmethod
    def of(cls, method: str, path: str, query: bytes, headers: dict[str, str], ip: str, request_id: str,
           body: bytes) -> Request:
        """A request whose body is there; the names of `headers` are lower case."""
        request = cls.__new__(cls)
        request.method, request.query, request.headers, request.ip = method, query, headers, ip
        request.path = path.rstrip("/") or "/"
        request.request_id, request.body, request.event_id = request_id, body, None
        return request

    @property
    def key(self) -> str | None:
        """The API key, from either header."""
        key: str | None = self.headers.get("x-api-key")
        if key:
            return key.strip()
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token else None

    @property
    def idempotency_key(self) -> str | None:
        key = self.headers.get("idempotency-key")
        if key is not None and not 0 < len(key) <= 255:
            raise Problem("invalid_request", "Idempotency-Key must have 1 to 255 characters")
        return key

    @property
    def may_cache(self) -> bool:
        """Whether a stored answer will do."""
        return "no-store" not in self.headers.get("cache-control", "")

    @property
    def prefer(self) -> dict[str, str]:
        """The members of the Prefer header (RFC 7240)."""
        items = (item.partition("=") for item in self.headers.get("prefer", "").split(","))
        return {name.strip().lower(): value.strip().strip('"') for name, _, value in items if name.strip()}

    def argument(self, name: str) -> str | None:
        values = parse_qs(self.query.decode("latin-1")).get(name)
        return values[0] if values else None

    async def read(self, receive: Receive, limit: int) -> None:
        """Reads the body. Raises payload_too_large as soon as it is clear, without reading the rest."""
        declared = self.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            raise _too_large(limit)
        if self.headers.get("content-encoding", "identity") not in ("identity", ""):
            raise Problem("unsupported_media_type", "send the body without Content-Encoding")
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            chunks.append(chunk)
            if not message.get("more_body", False):
                self.body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
                return


def _too_large(limit: int) -> Problem:
    return Problem("payload_too_large", f"the body must be at most {limit} bytes", headers={"Connection": "close"})


class Response:
    """One answer."""

    __slots__ = ("body", "content_type", "headers", "status")

    def __init__(self, body: bytes, *, status: int = 200, content_type: str = "application/json",
                 headers: Mapping[str, str] | None = None) -> None:
        self.body, self.status, self.content_type = body, status, content_type
        self.headers = dict(headers or {})

    @classmethod
    def json(cls, value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        return cls(orjson.dumps(value), status=status, headers=headers)

    def head(self, request_id: str, *, keep_alive: bool) -> bytes:
        """The head of this answer in HTTP/1.1, for a server that writes it itself."""
        lines = [f"{STATUS[self.status]}content-type: {self.content_type}\r\ncontent-length: {len(self.body)}\r\n"
                 f"x-request-id: {request_id}\r\n"]
        for name, value in self.headers.items():
            if "\n" in value or "\r" in value:
                value = value.replace("\r", " ").replace("\n", " ")
            lines.append(f"{name}: {value}\r\n")
        lines.append("\r\n" if keep_alive else "connection: close\r\n\r\n")
        return "".join(lines).encode("latin-1", "replace")

    async def send(self, send: Send, request_id: str) -> None:
        headers = [(b"content-type", self.content_type.encode()), (b"content-length", b"%d" % len(self.body)),
                   (b"x-request-id", request_id.encode("latin-1"))]
        headers += [(name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
                    for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def problem_response(problem: Problem, dialect: str, request_id: str) -> Response:
    """A failure in the dialect's own shape."""
    headers = dict(problem.headers)
    if problem.status in (429, 503):
        headers.setdefault("Retry-After", "1")
    if problem.status == 401:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="tessera"')
    if dialect == "oip":
        body: dict[str, Any] = {"error": problem.detail, "code": problem.code, "request_id": request_id}
        return Response.json(body, status=problem.status, headers=headers)
    if dialect == "openai":
        kind = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}.get(
            problem.status, "invalid_request_error" if problem.status < 500 else "server_error")
        param = problem.errors[0].pointer if problem.errors else None
        body = {"error": {"message": problem.detail, "type": kind, "param": param, "code": problem.code}}
        return Response.json(body, status=problem.status, headers=headers)
    return Response(orjson.dumps(problem.document(request_id), default=str), status=problem.status,
                    content_type="application/problem+json", headers=headers)
