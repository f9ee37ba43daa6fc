"""So many at once before Django, some in waiting, the rest refused at once."""

from __future__ import annotations

import asyncio
import errno
from typing import Any

from django.db import OperationalError

from config.admission import Bounded
from config.problems import as_problem


class Slow:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.inside = 0
        self.go_on = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.inside += 1
        await self.go_on.wait()
        self.inside -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})


async def ask(app: Bounded, accept: bytes = b"*/*") -> tuple[int, dict[bytes, bytes]]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    await app({"type": "http", "headers": [(b"accept", accept)]}, receive, send)
    return sent[0]["status"], {name.lower(): value for name, value in sent[0]["headers"]}


async def test_the_bound_holds_and_the_rest_is_told_when_to_come_back() -> None:
    inner = Slow()
    app = Bounded(inner, at_once=2, waiting=1, wait_s=5)
    first = [asyncio.create_task(ask(app)) for _ in range(3)]
    await asyncio.sleep(0.01)
    assert inner.inside == 2
    status, headers = await ask(app)
    assert (status, headers[b"retry-after"]) == (503, b"1")
    stream = asyncio.create_task(ask(app, b"text/event-stream"))  # is not counted
    await asyncio.sleep(0.01)
    assert inner.inside == 3
    inner.go_on.set()
    assert [status for status, _ in await asyncio.gather(*first, stream)] == [200] * 4
    assert (await ask(app))[0] == 200


async def test_nobody_waits_for_ever() -> None:
    inner = Slow()
    app = Bounded(inner, at_once=1, waiting=5, wait_s=0.02)
    held = asyncio.create_task(ask(app))
    await asyncio.sleep(0.01)
    assert (await ask(app))[0] == 503
    inner.go_on.set()
    assert (await held)[0] == 200


def test_a_database_that_is_away_and_a_full_disk_are_worth_another_try() -> None:
    for error in (OperationalError("too many clients"), OSError(errno.ENOSPC, "no room"), OSError(errno.EFBIG, "full")):
        problem = as_problem(error)
        assert (problem.status, problem.retryable) == (503, True)
        assert "Retry-After" in problem.headers
    assert as_problem(OSError(errno.EACCES, "no")).code == "internal_error"
