"""The purse over HTTP, and documents: the same bytes, rows that add up, lines that lead to their calls."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pypdf
import pytest
from billing_kit import event
from django.db import connection
from sandbox_kit import SandboxProcess
from test_billing_api import Caller, get

from billing import account_api, console, credits, documents, invoicing, ledger, payments, pricing, selectors, services
from billing.models import BillingAccount, Invoice
from kernel import clock
from kernel.contracts import Price
from kernel.problems import Problem

pytestmark = [pytest.mark.stack, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    at(datetime(2026, 11, 2, tzinfo=UTC))
    pricing.use_price_book(lambda model, version: Price("page", Decimal("0.15"), "USD", 1, free_per_month=10))
    yield
    clock.set_offset(timedelta(0))
    pricing.use_price_book(None)


def at(moment: datetime) -> None:
    clock.set_offset(moment - datetime.now(UTC))


def use(account: BillingAccount, units: int, month: int = 10, **fields: Any) -> Any:
    one = event(org_id=account.organization_id, units=units, occurred_at=datetime(2026, month, 5, tzinfo=UTC), **fields)
    with connection.cursor() as cursor:
        cursor.execute(ledger.INSERT, ledger.rows([one]))
    return one


@pytest.fixture
def invoice(organization: Any) -> Invoice:
    """Usage of three models, a discount, tax and credit."""
    from billing.models import Coupon

    account = services.open_account(org_id=organization.pk)
    services.set_billing_details(org_id=organization.pk, legal_name="Acme 公司", address="Main 1\nBerlin", tax_id="DE1")
    services.set_tax_rate(org_id=organization.pk, code="de", percent=Decimal(19))
    Coupon.objects.create(code="TEN", percent=Decimal(10), periods=1)
    credits.redeem_coupon(org_id=organization.pk, code="ten")
    credits.grant(account=account, amount=123, kind="promo", source_ref="gift")
    for n, model in enumerate(("ocr", "asr", "tables")):
        for m in range(4):
            use(account, 777 * (n + 1) + m, model=model)
    account.refresh_from_db()
    return invoicing.close_period(account=account, period=date(2026, 10, 1))


def test_exports_add_up_to_the_invoice(invoice: Invoice) -> None:
    org = invoice.organization_id
    rows = list(csv.DictReader(io.StringIO(console.invoice_csv(org, invoice.pk).decode())))
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal(invoice.total) / 100
    document = json.loads(console.invoice_json(org, invoice.pk))
    assert sum(Decimal(row["amount"]) for row in document["rows"]) == Decimal(document["total"])
    assert {row["type"] for row in rows} == {"usage", "discount", "credit", "tax"}
    assert document["bill_to"]["name"] == "Acme 公司"


def test_the_pdf_is_the_same_bytes_before_and_after_payment(invoice: Invoice) -> None:
    org = invoice.organization_id
    first = console.invoice_pdf(org, invoice.pk)
    invoicing.mark_paid(invoice_id=invoice.pk, amount_minor=invoice.total)
    services.set_billing_details(org_id=org, legal_name="Somebody else")
    at(datetime(2027, 5, 5, tzinfo=UTC))
    assert console.invoice_pdf(org, invoice.pk) == first
    assert first.startswith(b"%PDF-")
    view = selectors.invoice(org, invoice.pk)
    assert documents.as_pdf(view, sandbox=False) != documents.as_pdf(view, sandbox=True)


def test_a_chinese_name_is_on_the_pdf(invoice: Invoice) -> None:
    """Its letters are embedded and can be read back, the same in every process; what has no letter is said."""
    view = selectors.invoice(invoice.organization_id, invoice.pk)
    told = "Letters that are not shown"
    for name, whole in (("北京智源科技有限公司", True), ("臺灣檢驗 カタカナ", True), ("北京 Привет", False)):
        found = documents.as_pdf(replace(view, bill_to={"name": name, "address": "海淀区1号"}), sandbox=True)
        assert b"/FontFile2" in found
        assert documents.as_pdf(replace(view, bill_to={"name": name, "address": "海淀区1号"}), sandbox=True) == found
        assert len(found) < 60_000, "only the letters that occur"
        text = pypdf.PdfReader(io.BytesIO(found)).pages[0].extract_text()
        assert (name in text, told in text) == (whole, not whole)


def test_every_line_leads_to_its_calls(invoice: Invoice) -> None:
    org = invoice.organization_id
    for number, line in enumerate(invoice.lines.all()):
        found, cursor = [], None
        while True:
            page = console.line_events(org, invoice.pk, number, cursor=cursor, limit=3)
            found += page.data
            cursor = page.next_cursor
            if cursor is None:
                break
        assert sum(one.units for one in found) == line.units
        assert {one.model for one in found} == {line.model}
    # What comes later is on the next invoice's late line, and leads there.
    account = invoice.account
    late = use(account, 5000, model="ocr")
    use(account, 100, month=11, model="ocr")
    at(datetime(2026, 12, 2, tzinfo=UTC))
    second = invoicing.close_period(account=account, period=date(2026, 11, 1))
    kinds = [line.type for line in second.lines.all()]
    page = console.line_events(org, second.pk, kinds.index("late"))
    assert [one.event_id for one in page.data] == [late.event_id]
    page = console.line_events(org, invoice.pk, 1)
    assert late.event_id not in [one.event_id for one in page.data]
    for stranger, which, line_number in ((org + 1, second.pk, 0), (org, second.pk, 99)):
        with pytest.raises(Problem) as caught:
            console.line_events(stranger, which, line_number)
        assert caught.value.code == "not_found"


def test_the_purse_over_http(stripe: SandboxProcess, invoice: Invoice) -> None:
    org = invoice.organization_id
    account = get(account_api.BillingAccountView, Caller(org)).data
    assert (account["plan"], account["state"], account["owed"]) == (
        "pay_as_you_go", "active", str(Decimal(invoice.total) / 100))
    plans = get(account_api.PlansView, Caller(org)).data["data"]
    assert [(p["code"], p["is_current"], p["commitment"]) for p in plans] == [
        ("free", False, None), ("pay_as_you_go", True, None), ("prepaid", False, None), ("committed", False, "500")]
    payments.gateway().attach_card("pm_card_visa", payments.ensure_customer(invoice.account))
    payments.sync_cards(invoice.account)
    (card,) = get(account_api.PaymentMethodsView, Caller(org)).data["data"]
    assert (card["last4"], card["is_default"]) == ("4242", True)
    wallet = get(account_api.WalletView, Caller(org)).data
    assert (wallet["usable"], wallet["grants"][0]["amount"], wallet["grants"][0]["left"]) == ("0", "1.23", "0")
    for kind, start in (("pdf", b"%PDF"), ("csv", b"invoice,"), ("json", b"{")):
        view = account_api.InvoiceFileView.as_view()
        answer = view(_request(Caller(org)), invoice_id=invoice.pk, kind=kind)
        assert answer.content.startswith(start)
    events = get(account_api.LineEventsView, Caller(org), path={"invoice_id": invoice.pk, "line": 0}).data  # type: ignore[dict-item]
    assert len(events["data"]) == 4
    assert get(account_api.EarningsView, Caller(org)).data["data"] == []
    assert get(account_api.PayoutsView, Caller(org)).data["data"] == []
    with pytest.raises(Problem) as caught:
        get(account_api.WalletView, Caller(org, scopes=("predict",)))
    assert caught.value.code == "insufficient_scope"


def test_a_plan_is_chosen_for_the_next_period(stripe: SandboxProcess, organization: Any) -> None:
    services.open_account(org_id=organization.pk, plan="free")
    services.choose_plan(org_id=organization.pk, plan="pay_as_you_go")
    assert console.billing_account(organization.pk).plan == "pay_as_you_go"
    services.choose_plan(org_id=organization.pk, plan="prepaid")
    found = console.billing_account(organization.pk)
    assert (found.plan, found.next_plan, found.next_plan_from) == ("pay_as_you_go", "prepaid", date(2026, 12, 1))
    services.choose_plan(org_id=organization.pk, plan="pay_as_you_go")
    assert console.billing_account(organization.pk).next_plan == ""
    with pytest.raises(Problem, match="card"):
        services.choose_plan(org_id=organization.pk, plan="committed")
    assert console.calculate(model="ocr", units=1010).minor == 150


def test_coupons_are_used_up_and_refused_alike(organization: Any) -> None:
    from billing.models import Coupon

    services.open_account(org_id=organization.pk)
    Coupon.objects.create(code="GONE", percent=Decimal(5), expires_at=clock.now() - timedelta(days=1))
    Coupon.objects.create(code="YEN", minor=500, currency="JPY")
    Coupon.objects.create(code="NONE", minor=500, currency="USD", max_uses=0)
    for code in ("GONE", "YEN", "NONE", "nothing"):
        with pytest.raises(Problem, match="can't be used"):
            credits.redeem_coupon(org_id=organization.pk, code=code)


def _request(caller: Caller) -> Any:
    from rest_framework.test import APIRequestFactory, force_authenticate

    request = APIRequestFactory().get("/")
    force_authenticate(request, user=caller, token=caller)  # type: ignore[arg-type]
    return request


def test_a_quote_knows_tiers_and_pools(organization: Any) -> None:
    from billing import selectors

    account = services.open_account(org_id=organization.pk)
    tiers = [(1000, Decimal(2), Decimal(0)), (None, Decimal(1), Decimal(0))]
    services.schedule_price(model="pool:documents", unit="page", currency="USD", scheme="graduated", tiers=tiers)
    for model in ("ocr", "tables"):
        services.schedule_price(model=model, unit="page", currency="USD", tiers=[(None, Decimal(9), Decimal(0))],
                                pool="documents")
    with pytest.raises(Problem, match="begins with a month"):
        services.schedule_price(model="ocr", unit="page", currency="USD", tiers=[(None, Decimal(9), Decimal(0))],
                                effective_from=date(2026, 11, 15))
    assert selectors.quote(organization.pk, model="ocr", units=10).amount_minor == 0  # November: 10 pages are free
    at(datetime(2026, 12, 10, tzinfo=UTC))
    use(account, 900, month=12, model="tables")
    quote = selectors.quote(organization.pk, model="ocr", units=200)
    assert (quote.used, quote.amount_minor) == (900, 100 * 2 + 100 * 1)
    use(account, 300, month=12, model="ocr")
    at(datetime(2027, 1, 1, 2, tzinfo=UTC))
    invoice = invoicing.close_period(account=account, period=date(2026, 12, 1))
    # 1200 pages together: 1000 at 2, 200 at 1; shared by use, to the cent.
    assert [(line.model, line.units, line.amount) for line in invoice.lines.all()] == [
        ("ocr", 300, 550), ("tables", 900, 1650)]
