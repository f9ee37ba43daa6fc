"""Buying credit through the running product: API, hosted page, signed webhook, worker, wallet."""

from __future__ import annotations

import time
from decimal import Decimal

import httpx
import pytest

from tests.flows.conftest import Customer

pytestmark = pytest.mark.stack


def test_credit_bought_at_the_hosted_page_arrives_by_webhook(customer: Customer) -> None:
    before = Decimal(customer.api.get("/api/v1/billing/wallet").json()["usable"])
    asked = customer.api.post("/api/v1/billing/top-ups", json={
        "amount_minor": 5000, "success_url": "https://example.com/ok", "cancel_url": "https://example.com/no"})
    assert asked.status_code == 201, asked.text
    page = asked.json()["url"]
    html = httpx.get(page).text
    assert "SANDBOX – no real money" in html
    assert "USD 50.00" in html
    paid = httpx.post(page, data={"number": "4242424242424242"})
    assert (paid.status_code, paid.headers["location"]) == (303, "https://example.com/ok")
    for _ in range(100):
        wallet = customer.api.get("/api/v1/billing/wallet").json()
        if Decimal(wallet["usable"]) > before:
            break
        time.sleep(0.2)
    assert Decimal(wallet["usable"]) - before == 50
    cards = customer.api.get("/api/v1/billing/payment-methods").json()["data"]
    assert [card["last4"] for card in cards] == ["4242"]
    receipts = [one for one in customer.api.get("/api/v1/invoices").json()["data"] if one["status"] == "paid"]
    assert [one["total"] for one in receipts] == ["50"]
    pdf = customer.api.get(f"/api/v1/invoices/{receipts[0]['id']}/file/pdf")
    assert pdf.content.startswith(b"%PDF-")
    assert customer.api.get("/api/v1/billing/account").json()["sandbox"] is True
