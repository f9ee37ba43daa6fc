"""Inference calls to Triton: pooled keep-alive HTTP/1.1 over loopback, binary tensors, no copies of large parts.

A written-out client because the general ones cost more than the inference of a small model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

import httptools
import orjson

from inference_backend.oip import Buffer
from kernel import tracing

CONNECT_TIMEOUT_S = 2.0
SMALL = 64 << 10  # bytes of a request that are worth one copy to save a system call


class TritonError(Exception):
    """Triton answered, but not with an inference."""

    def __init__(self, status: int, message: str) -> None:
        self.status, self.message = status, message
        super().__init__(f"{status}: {message}")

    @property
    def not_loaded(self) -> bool:
        """The model (or this version) is not there: unloaded, or never loaded."""
        text = self.message
        return "unknown model" in text or "is not ready" in text or "is not found" in text or "has no available" in text

    @property
    def stub_died(self) -> bool:
        """The process behind the model is gone; Triton itself never restarts it."""
        return "Stub process" in self.message or "stub process" in self.message


class TritonUnreachable(Exception):
    """No answer: Triton is down, or went away during the call."""


class TritonClient:
    """One per event loop. Connections open on demand and are kept; a cancelled call closes its own.

    How many there are follows from how many calls run at once, which the runtime bounds.
    """

    def __init__(self, address: str, infer_secret: str = "") -> None:
        host, _, port = address.rpartition(":")
        self._host, self._port = host or "127.0.0.1", int(port)
        self._secret = f"tessera-infer: {infer_secret}\r\n" if infer_secret else ""
        self._idle: list[_Connection] = []

    async def infer(self, model: str, version: int | None, parts: Sequence[Buffer], header_length: int, *,
                    timeout: float) -> tuple[bytes, int | None]:
        """The body of Triton's answer and the length of the JSON in front of its tensors.

        Raises TritonError, TritonUnreachable or TimeoutError (after `timeout` seconds).
        """
        with tracing.span("triton", model=model, version=version or 0):
            return await self._infer(model, version, parts, header_length, timeout)

    async def _infer(self, model: str, version: int | None, parts: Sequence[Buffer], header_length: int,
                     timeout: float) -> tuple[bytes, int | None]:
        where = f"/v2/models/{model}/versions/{version}/infer" if version else f"/v2/models/{model}/infer"
        size = sum([len(part) for part in parts])
        traced = f"traceparent: {parent}\r\n" if (parent := tracing.current()) else ""
        head = (f"POST {where} HTTP/1.1\r\nHost: triton\r\n{self._secret}{traced}Accept-Encoding: identity\r\n"
                f"Inference-Header-Content-Length: {header_length}\r\nContent-Type: application/octet-stream\r\n"
                f"Content-Length: {size}\r\n\r\n").encode("ascii")
        # Small parts go out as one piece; large ones are never copied.
        message = [b"".join((head, *parts))] if size <= SMALL else [head, *parts]
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            connection = self._kept()
            reused = connection is not None
            if connection is None:
                connection = await self._open(deadline - loop.time())
            waiter = connection.exchange(message)
            timer = loop.call_at(deadline, connection.expire)
            try:
                reply = await waiter
            except TritonUnreachable:
                if reused and not connection.answered and loop.time() < deadline:
                    continue  # Triton closed it while it was idle: that costs a second try only
                raise
            except BaseException:
                connection.close()
                raise
            finally:
                timer.cancel()
            if connection.usable:
                self._idle.append(connection)
            if reply.status != 200:
                raise TritonError(reply.status, _message(reply.body))
            return reply.body, reply.header_length

    def _kept(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None

    async def _open(self, seconds: float) -> _Connection:
        try:
            async with asyncio.timeout(min(seconds, CONNECT_TIMEOUT_S)):
                _, connection = await asyncio.get_running_loop().create_connection(_Connection, self._host, self._port)
        except (OSError, TimeoutError) as error:
            raise TritonUnreachable("the inference backend can't be reached") from error
        return connection

    async def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


def _message(body: bytes) -> str:
    try:
        return str(orjson.loads(body)["error"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return body[:200].decode(errors="replace")


class _Reply:
    __slots__ = ("body", "header_length", "status")

    def __init__(self, status: int, body: bytes, header_length: int | None) -> None:
        self.status, self.body, self.header_length = status, body, header_length


class _Connection(asyncio.Protocol):
    """One connection, one exchange at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[_Reply] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._reset()

    def _reset(self) -> None:
        self._chunks: list[bytes] = []
        self._header_length: int | None = None
        self.answered = False

    @property
    def usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def exchange(self, parts: Sequence[Buffer]) -> asyncio.Future[_Reply]:
        waiter: asyncio.Future[_Reply] = asyncio.get_running_loop().create_future()
        if self._transport is None or self._transport.is_closing():
            waiter.set_exception(TritonUnreachable("the connection is closed"))
            return waiter
        self._reset()
        self._waiter = waiter
        if len(parts) == 1:
            self._transport.write(parts[0])
        else:
            self._transport.writelines(parts)
        return waiter

    def expire(self) -> None:
        """The time of the exchange is over."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(TimeoutError())
        self.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape, not by class

    def data_received(self, data: bytes) -> None:
        self.answered = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(error)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._fail(exc)

    def _fail(self, cause: Exception | None) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            failure = TritonUnreachable("the inference backend closed the connection")
            failure.__cause__ = cause
            waiter.set_exception(failure)

    # httptools callbacks
    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"inference-header-content-length":
            self._header_length = int(value)

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive():
            self.close()
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(_Reply(self._parser.get_status_code(), body, self._header_length))
