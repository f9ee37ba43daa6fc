"""Section 15: what a call cost, how much is left, and that failures cost nothing."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from tessera_conformance.registry import Failed, check, need, same
from tessera_conformance.target import Target
from tessera_conformance.tensors import json_request


@check("billing.headers", "15.1")
def headers(t: Target) -> None:
    """X-Units and X-Cost say what a call cost, as its body does."""
    answer = t.predict()
    usage = answer.json()["usage"]
    same(answer.headers.get("x-units"), str(usage["units"]), "X-Units")
    amount, _, currency = answer.headers.get("x-cost", "").partition(" ")
    try:
        same(Decimal(amount), Decimal(usage["cost"]), "X-Cost")
    except InvalidOperation:
        need(False, f"X-Cost is {answer.headers.get('x-cost')!r}")
    same(currency, usage["currency"], "the currency")


@check("billing.headers-oip", "15.1")
def headers_oip(t: Target) -> None:
    """The tensor dialect carries X-Units, X-Cost and X-Model-Version too."""
    answer = t.good("POST", t.infer_path, body=json_request(t.inputs))
    lacking = [name for name in ("x-units", "x-cost", "x-model-version") if not answer.headers.get(name)]
    need(not lacking, f"the answer lacks {lacking}")


@check("billing.failures-are-free", "15.2")
def free(t: Target) -> None:
    """A call that is refused says X-Cost: 0."""
    answer = t.call("POST", t.predictions_path, body={"input": {}})
    same(answer.status_code, 422, "the status")
    cost = answer.headers.get("x-cost", "")
    need(re.fullmatch(r"0(\.0+)?( [A-Z]{3})?", cost), f"X-Cost is {cost!r}")


@check("billing.replays-are-free", "15.2")
def replays(t: Target) -> None:
    """Usage rises by one event for a call, and by none for its replay or for a refused call."""
    def events() -> int:
        rows = t.allowed("billing", "GET", "/api/v1/usage", params={"group_by": "model"}).json()["data"]
        return sum(row["events"] for row in rows if row["group"] == t.text_name)

    before = events()
    keyed = {"Idempotency-Key": t.fresh()}
    t.predict(headers=keyed)
    t.predict(headers=keyed)
    t.call("POST", t.predictions_path, body={"input": {}})
    t.until(lambda: events() > before, "the call in the usage", 20)
    same(events() - before, 1, "the number of events")


@check("billing.estimate", "15.3")
def estimate(t: Target) -> None:
    """GET /api/v1/pricing/estimate quotes at the model's price."""
    found = t.allowed("billing", "GET", "/api/v1/pricing/estimate",
                      params={"model": t.text_name, "units": 1000}).json()
    price = t.text_model["price"]
    same((Decimal(found["unit_amount"]), found["unit"]), (Decimal(price["amount"]), price["unit"]), "the price")
    billed = found["units"] - min(found["units"], found["included_left"])
    same(Decimal(found["amount"]), billed * Decimal(price["amount"]), "the amount")


@check("limits.headers", "15.4")
def limits(t: Target) -> None:
    """RateLimit and RateLimit-Policy say how many calls are left in which window."""
    answer = t.predict()
    left = re.search(r";r=(\d+)", answer.headers.get("ratelimit", ""))
    policy = re.search(r";q=(\d+);w=(\d+)", answer.headers.get("ratelimit-policy", ""))
    if left is None or policy is None:
        raise Failed(f"RateLimit {answer.headers.get('ratelimit')!r}, {answer.headers.get('ratelimit-policy')!r}")
    need(0 <= int(left[1]) <= int(policy[1]), f"{left[1]} left of {policy[1]}")


@check("limits.timing", "15.5")
def timing(t: Target) -> None:
    """Server-Timing says where a call's time went."""
    found = t.predict().headers.get("server-timing", "")
    need(re.search(r"\binfer;dur=[\d.]+", found), f"Server-Timing is {found!r}")
