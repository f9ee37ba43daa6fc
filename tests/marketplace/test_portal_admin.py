"""Staff's administration: in the house's dress, with what they need within one click of its front page."""

from __future__ import annotations

import pytest
from django.test import Client

from marketplace.accounts import selectors

pytestmark = [pytest.mark.django_db, pytest.mark.stack]
HOST = "127.0.0.1"


@pytest.fixture
def staff(account) -> Client:
    user, _org = account()
    user.is_staff = user.is_superuser = True
    user.save()
    client = Client(SERVER_NAME=HOST)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_the_front_page_leads_everywhere_and_wears_the_tokens(staff):
    page = staff.get("/admin/").content.decode()
    assert "/static/assets/admin-" in page
    for address in ("/admin/billing/invoice/", "/admin/billing/reconciliationday/", "/admin/accounts/organization/",
                    "/admin/listings/review/", "/staff/pools/", "/staff/publications/"):
        assert f'href="{address}"' in page
        assert staff.get(address).status_code == 200, address


def test_staff_suspends_an_organization_and_lets_it_work_again(staff, account):
    _user, org = account()
    for action, status in (("suspend", "suspended"), ("reactivate", "active")):
        staff.post("/admin/accounts/organization/", {"action": action, "_selected_action": [org.pk]})
        assert selectors.organization(org.pk).status == status


def test_a_refund_needs_one_paid_invoice_an_amount_and_a_reason(staff, account):
    from billing.models import Invoice
    from billing.services import open_account

    _user, org = account()
    opened = open_account(org_id=org.pk)
    paid = Invoice.objects.create(account=opened, organization_id=org.pk, plan=opened.plan, currency="USD",
                                  period_start="2026-01-01", period_end="2026-02-01", subtotal=1000, total=1000)
    paid.lines.create(type="usage", model="pii-redact", unit="call", units=100, unit_amount=10, amount=1000,
                      period_start="2026-01-01")
    for state in ({"status": "issued", "number": 990001, "issued_at": "2026-02-01T00:00Z"},
                  {"status": "paid", "amount_paid": 1000, "paid_at": "2026-02-02T00:00Z"}):
        Invoice.objects.filter(pk=paid.pk).update(**state)
    listed = staff.get("/admin/billing/invoice/").content.decode()
    assert "10.00 USD" in listed
    send = {"action": "give_back_as_credit", "_selected_action": [paid.pk]}
    for wrong in ({}, {"amount_minor": "1001", "reason": "too much"}, {"amount_minor": "5", "reason": " "}):
        staff.post("/admin/billing/invoice/", {**send, **wrong})
        assert not paid.credit_notes.exists()
    staff.post("/admin/billing/invoice/", {**send, "amount_minor": "250", "reason": "goodwill"})
    assert [(note.amount, note.reason, note.status) for note in paid.credit_notes.all()] == [(250, "goodwill", "done")]


def test_nobody_else_gets_in(account):
    user, _org = account()
    client = Client(SERVER_NAME=HOST)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/admin/billing/invoice/").status_code == 302
