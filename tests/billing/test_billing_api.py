"""The billing API as a client sees it: shapes, CSV, tenants, scopes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from billing_kit import event
from django.db import connection
from rest_framework.test import APIRequestFactory, force_authenticate

from billing import api, ledger, pricing, services
from kernel import clock
from kernel.contracts import Price
from kernel.problems import Problem

pytestmark = [pytest.mark.stack, pytest.mark.django_db]


@dataclass(frozen=True)
class Caller:
    """Stands for what the layer above authenticates."""

    org_id: int
    scopes: tuple[str, ...] = ("billing",)
    is_authenticated: bool = True


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    clock.set_offset(datetime(2026, 11, 20, tzinfo=UTC) - datetime.now(UTC))
    pricing.use_price_book(
        lambda model, version: Price("page", Decimal("0.15"), "USD", 1, free_per_month=10) if model == "ocr" else None)
    yield
    clock.set_offset(timedelta(0))
    pricing.use_price_book(None)


@pytest.fixture
def used(organization: Any) -> int:
    services.open_account(org_id=organization.pk)
    events = [event(org_id=organization.pk, units=20, key_id=n % 2) for n in range(6)]
    foreign = [event(org_id=organization.pk + 1, units=777)]
    with connection.cursor() as cursor:
        cursor.execute(ledger.INSERT, ledger.rows([*events, *foreign]))
    return int(organization.pk)


def get(view: Any, caller: Caller, accept: str = "application/json", path: dict[str, str] | None = None,
        **query: Any) -> Any:
    """Calls a view past authentication, which belongs to the layer above; a Problem comes out as it was raised."""
    request = APIRequestFactory().get("/", query, headers={"accept": accept})
    force_authenticate(request, user=caller, token=caller)
    original, view.handle_exception = view.handle_exception, _raise
    try:
        response = view.as_view()(request, **(path or {}))
    finally:
        view.handle_exception = original
    response.render()
    return response


def _raise(self: Any, problem: Exception) -> None:
    raise problem


def test_usage_groups_and_keeps_to_its_organization(used: int) -> None:
    answer = get(api.UsageView, Caller(used), group_by="model").data
    assert [dict(row) for row in answer["data"]] == [
        {"group": "ocr", "unit": "page", "units": 120, "events": 6, "amount": "0.18", "currency": "USD"}]
    by_key = get(api.UsageView, Caller(used), group_by="key").data["data"]
    assert [(row["group"], row["units"]) for row in by_key] == [("0", 60), ("1", 60)]
    by_day = get(api.UsageView, Caller(used), group_by="day", to="2026-11-11").data["data"]
    assert [row["group"] for row in by_day] == ["2026-11-10T00:00:00+00:00"]
    assert get(api.UsageView, Caller(used + 5)).data["data"] == []


@pytest.mark.parametrize("how", [{"format_as": "csv"}, {"accept": "text/csv"}])
def test_usage_as_csv_sums_to_the_same(used: int, how: dict[str, str]) -> None:
    response = get(api.UsageView, Caller(used), group_by="hour", **how)
    assert response["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert [(row["units"], row["amount"]) for row in rows] == [("120", "0.18")]


def test_events_invoices_and_estimate(used: int) -> None:
    page = get(api.UsageEventsView, Caller(used), limit=4).data
    assert (len(page["data"]), page["has_more"], page["data"][0]["amount"]) == (4, True, "0.03")
    draft = get(api.InvoiceView, Caller(used), path={"invoice_id": "draft"}).data
    assert (draft["total"], draft["lines"][0]["included"], draft["lines"][0]["unit_amount"]) == ("0.17", 10, "0.0015")
    assert [row["id"] for row in get(api.InvoicesView, Caller(used)).data["data"]] == ["draft"]
    quote = get(api.EstimateView, Caller(used), model="ocr", units=1000).data
    assert (quote["amount"], quote["included_left"], quote["used"]) == ("1.5", 0, 120)


@pytest.mark.parametrize(("view", "query", "code"), [
    (api.UsageView, {"group_by": "colour"}, "invalid_request"), (api.UsageView, {"from": "soon"}, "invalid_request"),
    (api.UsageView, {"mode": "x"}, "invalid_request"), (api.UsageEventsView, {"limit": 0}, "invalid_request"),
    (api.UsageEventsView, {"cursor": "rubbish"}, "invalid_cursor"), (api.EstimateView, {}, "invalid_request"),
    (api.EstimateView, {"model": "unknown"}, "model_not_found"),
])
def test_wrong_questions_are_named(used: int, view: Any, query: dict[str, Any], code: str) -> None:
    with pytest.raises(Problem) as caught:
        get(view, Caller(used), **query)
    assert caught.value.code == code


def test_a_key_without_the_scope_or_an_organization_is_refused(used: int) -> None:
    for caller, code in ((Caller(used, scopes=("predict",)), "insufficient_scope"), (Caller(0), "permission_denied")):
        with pytest.raises(Problem) as caught:
            get(api.UsageView, caller)
        assert caught.value.code == code
