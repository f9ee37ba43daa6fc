"""An in-memory data plane that answers one fixed output by value, so that the tests see only what jobs do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from uuid import UUID

from inference_backend.jobs import ports, services
from kernel.contracts import Grant
from kernel.problems import Problem

GRANT = Grant(key_id=7, key_hash="ab", org_id=3, mode="test", scopes=("predict",), models=("echo",),
              rate_per_minute=600, concurrency=4, monthly_limit_minor=None, monthly_units=None, currency="USD")
BODY = b'{"input": {"text": "hello"}}'


class FixedRuntime:
    """Counts what was charged by event id, as the ledger does; may be told to fail or to take its time."""

    def __init__(self) -> None:
        self.orders: list[ports.Order] = []
        self.charged: dict[object, Decimal] = {}
        self.problems: list[Problem] = []
        self.delay = 0.0
        self.lines: list[tuple[str, bytes]] = []
        self.charges: list[UUID] = []
        self.running = self.most_running = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[FixedRuntime]:
        yield self

    async def run(self, order: ports.Order, note: ports.Note) -> ports.Completed:
        self.orders.append(order)
        await note(0.5, "inferring")
        await asyncio.sleep(self.delay)
        if self.problems:
            raise self.problems.pop(0)
        self.charged[order.event_id] = Decimal("0.2")
        return ports.Completed(b'{"text":"HELLO\\u0000"}', {"unit": "call", "units": 1, "cost": "0.002",
                                                            "currency": "USD"}, 4, "stable")


    async def line(self, grant: Grant, endpoint: str, body: bytes, event_id: UUID) -> ports.Answered:
        """Shouts the text of a line; ``{"text": "!<code>"}`` raises that problem."""
        self.lines.append((endpoint, body))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(self.delay)
        finally:
            self.running -= 1
        if self.problems:
            raise self.problems.pop(0)
        text = json.loads(body)["input"]["text"]
        if text.startswith("!"):
            raise Problem(text[1:])
        self.charges.append(event_id)
        self.charged[event_id] = Decimal("0.2")
        return ports.Answered(json.dumps({"text": text.upper()}).encode(), Decimal("0.002"), "USD")


def accept(**changes: object) -> services.Submission:
    """Submits the usual job."""
    values: dict[str, object] = {
        "org_id": 3, "key_id": 7, "model": "echo", "version": None, "body": BODY,
        "content_type": "application/json", "grant": GRANT.dump(),
    }
    return services.submit(**(values | changes))  # type: ignore[arg-type]
