"""Max-Cost refuses before the model runs; X-Cost and X-Receipt say what a call cost and where its receipt is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from doubles import Bench
from test_gateway import INFER, call

from inference_backend.invocation import MaxCost
from kernel.problems import Problem

INFER_PATH = "/v2/models/addone/infer"


async def price(bench: Any) -> str:
    """What the call costs, in the currency's own unit."""
    answer = await call(bench, "POST", INFER_PATH, INFER)
    assert answer is not None
    amount, currency = answer.headers["x-cost"].split()
    assert Decimal(amount) > 0
    assert currency == "USD"
    return amount


async def test_a_call_within_its_maximum_is_answered() -> None:
    bench = Bench()
    cost = await price(bench)
    for most in (cost, f"{cost} USD", f"{cost} usd", "1e3"):
        answer = await call(bench, "POST", INFER_PATH, INFER, max_cost=most)
        assert answer is not None
        assert answer.status == 200, answer.body
        assert answer.headers["x-cost"] == f"{cost} USD"


async def test_a_call_that_may_cost_more_never_runs() -> None:
    bench = Bench()
    cost = await price(bench)
    billed = len(bench.ledger.events)
    most = format(Decimal(cost) * Decimal("0.999"), "f")
    answer = await call(bench, "POST", INFER_PATH, INFER, max_cost=most)
    assert answer is not None
    assert (answer.status, answer.headers["x-cost"]) == (402, "0")
    assert "budget_exceeded" in answer.body.decode()
    assert len(bench.ledger.events) == billed
    assert bench.meter.open == {}


@pytest.mark.parametrize("most", ["", "cheap", "-1", "NaN", "Infinity", "0.1 EUR"])
async def test_a_maximum_that_is_no_amount_is_refused(most: str) -> None:
    answer = await call(Bench(), "POST", INFER_PATH, INFER, max_cost=most)
    assert answer is not None
    assert (answer.status, answer.headers["x-cost"]) == (400, "0")


async def test_the_receipt_is_named_by_the_id_that_bills() -> None:
    bench = Bench()
    answer = await call(bench, "POST", INFER_PATH, INFER)
    assert answer is not None
    assert [str(event_id) for event_id in bench.ledger.events] == [answer.headers["x-receipt"]]


def test_the_calls_of_one_request_share_its_maximum() -> None:
    most = MaxCost("0.10 USD")
    most.admit(Decimal(6), "USD")
    with pytest.raises(Problem) as caught:
        most.admit(Decimal("4.01"), "USD")
    assert (caught.value.status, caught.value.extra["max_cost"], caught.value.extra["estimate"]) == (
        402, "0.04", "0.0401")
    most.admit(Decimal(4), "USD")
