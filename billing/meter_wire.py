"""A lean Redis connection for one event loop: calls made in the same turn of the loop leave in one write, replies are
parsed by hiredis, nothing else happens on the way. For scripts that are sent hundreds of times a millisecond-budgeted
second; everything else in the house uses redis-py."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections import deque
from datetime import timedelta
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

import hiredis

RETRY_CONNECT = timedelta(milliseconds=50)  # after a failed attempt callers are refused at once for this long
Argument = str | bytes | int


class WireError(ConnectionError):
    """Redis can't be reached, hung up, or did not answer in time. What was sent may have been executed."""


def command(*arguments: Argument) -> bytes:
    """One command as Redis reads it (RESP arrays of bulk strings)."""
    return b"*%d\r\n" % len(arguments) + bulk(*arguments)


def bulk(*arguments: Argument) -> bytes:
    """Arguments without the count before them: a prepared head and a varying tail make one command."""
    parts = []
    for argument in arguments:
        data = argument if isinstance(argument, bytes) else str(argument).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(parts)


def sha(script: str) -> str:
    """The name under which Redis knows a script."""
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()


class RedisWire:
    """Connects on the first call and again after a loss; `scripts` are loaded each time, so EVALSHA finds them."""

    def __init__(self, url: str, scripts: tuple[str, ...] = (), *, timeout_ms: int = 2_000) -> None:
        self._url, self._scripts, self._timeout = url, scripts, timedelta(milliseconds=timeout_ms)
        self._link: _Link | None = None
        self._connecting = asyncio.Lock()
        self._not_before = timedelta(0)  # on the loop's clock

    async def call(self, payload: bytes) -> Any:
        """The reply to one encoded command. Raises WireError, or hiredis.ReplyError where Redis refuses it."""
        link = self._link
        if link is None or link.transport is None:
            link = await self._connected()
        return await link.send(payload)

    def post(self, payload: bytes) -> asyncio.Future[Any]:
        """The reply to come. The command leaves at once, or after connecting; what is posted later is executed
        later."""
        link = self._link
        if link is None or link.transport is None:
            return asyncio.ensure_future(self.call(payload))
        answer = link.send(payload)
        link.flush()
        return answer

    async def drain(self) -> None:
        """Returns once everything sent so far was answered."""
        if self._link is not None and self._link.pending:
            await asyncio.wait(list(self._link.pending), timeout=self._timeout.total_seconds())

    async def close(self) -> None:
        await self.drain()
        if self._link is not None:
            self._link.hang_up("closed")
            self._link = None

    async def _connected(self) -> _Link:
        async with self._connecting:
            if self._link is not None and self._link.transport is not None:
                return self._link
            loop = asyncio.get_running_loop()
            if timedelta(seconds=loop.time()) < self._not_before:
                raise WireError("Redis was away a moment ago")
            try:
                async with asyncio.timeout(self._timeout.total_seconds()):
                    self._link = await self._open(loop)
                return self._link
            except (OSError, TimeoutError, hiredis.HiredisError) as error:
                self._not_before = timedelta(seconds=loop.time()) + RETRY_CONNECT
                raise WireError(f"Redis can't be reached: {error}") from error

    async def _open(self, loop: asyncio.AbstractEventLoop) -> _Link:
        parts = urlsplit(self._url)
        link = _Link(loop, self._timeout)
        if parts.scheme == "unix":
            await loop.create_unix_connection(lambda: link, parts.path)
            database = parse_qs(parts.query).get("db", ["0"])[0]
        else:
            await loop.create_connection(lambda: link, parts.hostname or "127.0.0.1", parts.port or 6379,
                                         ssl=ssl.create_default_context() if parts.scheme == "rediss" else None)
            database = parts.path.lstrip("/") or "0"
        greeting = []
        if parts.password:
            user = [unquote(parts.username)] if parts.username else []
            greeting.append(command("AUTH", *user, unquote(parts.password)))
        if database != "0":
            greeting.append(command("SELECT", database))
        greeting += [command("SCRIPT", "LOAD", script) for script in self._scripts]
        try:
            await asyncio.gather(*[link.send(payload) for payload in greeting])
        except BaseException:
            link.hang_up("refused")
            raise
        return link


class _Link(asyncio.Protocol):
    """One connection: what was sent and waits for its reply, in order."""

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout: timedelta) -> None:
        self._loop, self._timeout_s, self._look_s = loop, timeout.total_seconds(), (timeout // 4).total_seconds()
        self._reader = hiredis.Reader()
        self._out: list[bytes] = []
        self._moved = loop.time()  # when the oldest waiting command became the oldest
        self._watch: asyncio.TimerHandle | None = None
        self.pending: deque[asyncio.Future[Any]] = deque()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape only
        self._watch = self._loop.call_later(self._look_s, self._look)

    def send(self, payload: bytes) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] = self._loop.create_future()
        if self.transport is not None and self.transport.is_closing():
            self.hang_up("Redis hung up")
        if self.transport is None:
            answer.set_exception(WireError("Redis hung up"))
            return answer
        if not self.pending:
            self._moved = self._loop.time()
        self.pending.append(answer)
        self._out.append(payload)
        if len(self._out) == 1:
            self._loop.call_soon(self.flush)
        return answer

    def flush(self) -> None:
        out, self._out = self._out, []
        if self.transport is None or not out:
            return
        if self.transport.is_closing():  # uvloop refuses to write then, a moment before it says connection_lost
            self.hang_up("Redis hung up")
        else:
            self.transport.write(b"".join(out))

    def data_received(self, data: bytes) -> None:
        reader, pending = self._reader, self.pending
        reader.feed(data)
        while (reply := reader.gets()) is not False:
            answer = pending.popleft()
            if answer.done():  # its caller is gone
                continue
            if isinstance(reply, hiredis.ReplyError):
                answer.set_exception(reply)
            else:
                answer.set_result(reply)
        self._moved = self._loop.time()

    def connection_lost(self, error: Exception | None) -> None:
        self.hang_up(f"Redis hung up: {error}" if error else "Redis hung up")

    def hang_up(self, reason: str) -> None:
        transport, self.transport = self.transport, None
        if self._watch is not None:
            self._watch.cancel()
        if transport is not None:
            transport.abort()
        while self.pending:
            answer = self.pending.popleft()
            if not answer.done():
                answer.set_exception(WireError(reason))

    def _look(self) -> None:
        """One timer for all: no call waits longer than about the timeout."""
        if self.pending and self._loop.time() - self._moved > self._timeout_s:
            self.hang_up("Redis does not answer")
            return
        self._watch = self._loop.call_later(self._look_s, self._look)
