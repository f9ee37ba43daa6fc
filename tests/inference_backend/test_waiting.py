"""Prefer: wait=n: the answer within n seconds, else a job in its stead; what was given up is not billed."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from doubles import Bench, faces, route
from test_gateway import PNG, call

from inference_backend import invocation

BODY = {"input": {"image": base64.b64encode(PNG).decode()}}
PATH = "/api/v1/models/faces/predictions"


class Jobs:
    """Notes what is submitted."""

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []

    async def submit(self, grant: Any, **order: Any) -> tuple[dict[str, Any], bool]:
        self.orders.append(order)
        return {"id": "pred_1", "status": "queued"}, False


async def test_patience_that_ends_becomes_a_job() -> None:
    bench, jobs = Bench(), Jobs()
    bench.snapshots.by_name["faces"] = route("faces", **{
        name: getattr(faces(), name) for name in ("runtime", "nets", "price", "inputs", "outputs", "input_kinds",
                                                  "parameters")} | {"timeout_ms": 20_000})
    bench.runtime.jobs = jobs
    bench.triton.before = lambda: asyncio.sleep(30)
    answer = await call(bench, "POST", PATH, BODY, prefer="wait=1")
    assert answer is not None
    assert answer.status == 202, answer.body
    assert answer.headers["preference-applied"] == "wait=1"
    assert answer.headers["location"] == "/api/v1/predictions/pred_1"
    assert [order["model"] for order in jobs.orders] == ["faces"]
    assert not bench.meter.open
    assert not bench.ledger.events


async def test_the_models_own_deadline_stays_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invocation, "FIRST_ANSWER_ALLOWANCE_S", 0.5)
    bench, jobs = Bench(), Jobs()
    bench.runtime.jobs = jobs
    bench.triton.before = lambda: asyncio.sleep(30)
    answer = await call(bench, "POST", PATH, BODY, prefer="wait=30")
    assert answer is not None
    assert (answer.status, jobs.orders) == (504, [])


async def test_an_answer_in_time_says_which_wish_was_kept() -> None:
    answer = await call(Bench(), "POST", PATH, BODY, prefer="wait=5")
    assert answer is not None
    assert (answer.status, answer.headers["preference-applied"]) == (200, "wait=5")


@pytest.mark.parametrize("wait", ["0", "61", "x", "-1", "5.5", "٣"])
async def test_a_wait_out_of_bounds_is_refused(wait: str) -> None:
    bench = Bench()
    answer = await call(bench, "POST", PATH, BODY, prefer=f"wait={wait}".encode().decode("latin-1"))
    assert answer is not None
    assert answer.status == 400
    assert not bench.triton.calls
