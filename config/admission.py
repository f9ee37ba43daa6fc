"""How many requests Django works on at once. Each has a thread and a connection to the database: without a bound, one
second of a slow database opens hundreds, and then nobody gets in, the workers neither."""

from __future__ import annotations

import asyncio
from typing import Any

from inference_backend.gateway.http import AsgiApp, Receive, Scope, Send, problem_response
from kernel.ids import prefixed
from kernel.problems import Problem

AT_ONCE = 24
WAITING = 200  # more are refused
WAIT_S = 10.0


class Bounded:
    """An ASGI application with so many requests at once. Streams of events are not counted: they wait most of their
    time, and hold no connection while they do."""

    def __init__(self, app: AsgiApp, *, at_once: int = AT_ONCE, waiting: int = WAITING, wait_s: float = WAIT_S) -> None:
        self._app, self._places, self._most_waiting, self._wait_s = app, asyncio.Semaphore(at_once), waiting, wait_s
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_stream(scope):
            await self._app(scope, receive, send)
            return
        if not await self._entered():
            request_id = prefixed("req")
            busy = Problem("overloaded", "too many requests are waiting", headers={"Retry-After": "1"})
            await problem_response(busy, "native", request_id).send(send, request_id)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._places.release()

    async def _entered(self) -> bool:
        if not self._places.locked():
            return await self._places.acquire()
        if self._waiting >= self._most_waiting:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_s):
                return await self._places.acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1


def _is_stream(scope: Scope) -> bool:
    headers: list[tuple[bytes, Any]] = scope["headers"]
    return any(name == b"accept" and b"text/event-stream" in value for name, value in headers)
