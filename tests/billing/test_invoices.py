"""From ledger entries to a numbered invoice, to the cent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from billing_kit import event
from django.apps import apps
from django.db import Error, connection, transaction
from django.test import Client

from billing import invoicing, ledger, pricing, selectors, services
from billing.models import Invoice, InvoiceLine
from kernel import clock
from kernel.contracts import Price
from kernel.problems import Problem

pytestmark = [pytest.mark.stack, pytest.mark.django_db]

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
PRICES = {("ocr", 1): Price("page", Decimal("0.15"), "USD", 1, free_per_month=100),
          ("asr", 1): Price("second", Decimal("0.3333"), "USD", 1)}


@pytest.fixture(autouse=True)
def book() -> Iterator[None]:
    pricing.use_price_book(lambda model, version: PRICES.get((model, version or 1)))
    at(datetime(2026, 11, 2, tzinfo=UTC))
    yield
    pricing.use_price_book(None)
    clock.set_offset(timedelta(0))


def at(moment: datetime) -> None:
    clock.set_offset(moment - datetime.now(UTC))


def record(org: Any, model: str = "ocr", units: int = 1, day: int = 5, month: int = 10, **fields: Any) -> Any:
    price = PRICES.get((model, 1), Price("page", Decimal("0.15"), "USD", 1))
    one = event(org_id=org.pk, model=model, units=units, unit=price.unit, unit_amount=price.amount,
                occurred_at=datetime(2026, month, day, 9, tzinfo=UTC), **fields)
    with connection.cursor() as cursor:
        cursor.execute(ledger.INSERT, ledger.rows([one]))
    return one


def test_a_draft_explains_every_unit_to_the_cent(organization: Any) -> None:
    services.open_account(org_id=organization.pk)
    for _ in range(7):
        record(organization, units=333)  # 2331 pages, 100 included: 2231 x 0.15 = 334.65 -> 335
    record(organization, "asr", 1001)  # 333.6333 -> 334
    record(organization, units=9999, mode="test")
    draft = selectors.draft_invoice(organization.pk, OCTOBER)
    found = [(line.model, line.units, line.included, line.unit_amount, line.amount) for line in draft.lines]
    assert found == [("asr", 1001, 0, Decimal("0.3333"), 334), ("ocr", 2331, 100, Decimal("0.15"), 335)]
    assert (draft.subtotal, draft.total, draft.id) == (669, 669, "draft")


def test_closing_issues_once_and_late_usage_telescopes(organization: Any) -> None:
    account = services.open_account(org_id=organization.pk)
    first = record(organization, units=1100)  # 1000 billable: 150
    invoice = invoicing.close_period(account=account, period=OCTOBER)
    assert (invoice.status, invoice.total, invoice.number is not None) == ("issued", 150, True)
    assert invoicing.close_period(account=account, period=OCTOBER).pk == invoice.pk

    record(organization, units=3)  # late: 1003 x 0.15 = 150.45 -> 150, so the line costs nothing but is named
    services.correct_usage(org_id=organization.pk, event_id=first.event_id, units=-100, reason="counted twice")
    record(organization, units=2000, month=11)
    at(datetime(2026, 12, 1, 2, tzinfo=UTC))
    assert invoicing.close_due_periods() == 1
    second = Invoice.objects.get(account=account, period_start=NOVEMBER)
    lines = {line.type: (line.units, line.amount) for line in second.lines.all()}
    assert lines == {"usage": (2000, 285), "late": (-97, -15)}  # 903 x 0.15 = 135.45 -> 135, billed 150
    assert second.number == invoice.number + 1
    assert services.verify_ledger().sound


def test_too_little_is_carried_to_the_next_invoice(organization: Any) -> None:
    account = services.open_account(org_id=organization.pk)
    record(organization, "asr", 60)  # 20
    invoice = invoicing.close_period(account=account, period=OCTOBER)
    assert (invoice.status, invoice.total) == ("paid", 0)
    assert selectors.draft_invoice(organization.pk, NOVEMBER).total == 20
    record(organization, "asr", 300, month=11)  # 100
    at(datetime(2026, 12, 1, 2, tzinfo=UTC))
    second = invoicing.close_period(account=account, period=NOVEMBER)
    account.refresh_from_db()
    assert (second.total, account.carried_minor) == (120, 0)


def test_a_free_plan_lists_its_usage_and_costs_nothing(organization: Any) -> None:
    services.open_account(org_id=organization.pk, plan="free")
    record(organization, units=500)
    draft = selectors.draft_invoice(organization.pk, OCTOBER)
    assert [(line.units, line.included, line.amount) for line in draft.lines] == [(500, 500, 0)]


def test_an_open_month_and_a_skipped_month_do_not_close(organization: Any) -> None:
    account = services.open_account(org_id=organization.pk)
    record(organization, units=500)
    with pytest.raises(Problem, match="has not ended"):
        invoicing.close_period(account=account, period=NOVEMBER)
    at(datetime(2026, 12, 2, tzinfo=UTC))
    with pytest.raises(Problem, match="earlier month"):
        invoicing.close_period(account=account, period=NOVEMBER)


def test_a_finalized_invoice_stands(organization: Any) -> None:
    account = services.open_account(org_id=organization.pk)
    record(organization, units=5000)
    invoice = invoicing.close_period(account=account, period=OCTOBER)
    line = invoice.lines.first()
    attempts = [
        lambda: Invoice.objects.filter(pk=invoice.pk).update(total=1, subtotal=1),
        lambda: Invoice.objects.filter(pk=invoice.pk).update(status="draft", number=None),
        lambda: Invoice.objects.filter(pk=invoice.pk).update(status="paid"),
        lambda: Invoice.objects.filter(pk=invoice.pk).delete(),
        lambda: InvoiceLine.objects.filter(pk=line.pk).update(amount=0),
        lambda: InvoiceLine.objects.create(invoice=invoice, type="usage", period_start=OCTOBER, amount=1, model="x"),
        lambda: type(account).objects.filter(pk=account.pk).update(currency="EUR"),
    ]
    for attempt in attempts:
        with pytest.raises(Error), transaction.atomic():
            attempt()
    with pytest.raises(Problem):
        invoicing.mark_paid(invoice_id=invoice.pk, amount_minor=invoice.total - 1)
    assert invoicing.mark_paid(invoice_id=invoice.pk, amount_minor=invoice.total).status == "paid"


@pytest.mark.django_db(transaction=True)
def test_numbers_have_no_gaps_under_concurrency() -> None:
    """Eight accounts close at once, each twice, and a third of the attempts roll back at the very end."""
    accounts = []
    for n in range(8):
        organization = apps.get_model("accounts", "Organization").objects.create(name=f"Org {n}", slug=f"org-{n}")
        accounts.append(services.open_account(org_id=organization.pk))
        record(organization, units=1000)

    def close(account: Any, fail: bool) -> None:
        try:
            with transaction.atomic():
                invoicing.close_period(account=account, period=OCTOBER)
                if fail:
                    raise RuntimeError("killed before commit")
        except RuntimeError:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=close, args=(account, n == 0 and account.pk % 3 == 0))
               for n in range(2) for account in accounts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(Invoice.objects.values_list("number", flat=True)) == list(range(1, 9))


def test_a_stranger_finds_no_invoice(organization: Any) -> None:
    account = services.open_account(org_id=organization.pk)
    record(organization, units=5000)
    invoice = invoicing.close_period(account=account, period=OCTOBER)
    assert selectors.invoice(organization.pk, invoice.pk).total == 735
    with pytest.raises(Problem) as caught:
        selectors.invoice(organization.pk + 1, invoice.pk)
    assert caught.value.code == "not_found"
    assert Client().get(f"/api/v1/invoices/{invoice.pk}").status_code in (401, 403)


def test_events_page_through_a_cursor(organization: Any) -> None:
    for day in range(1, 8):
        record(organization, day=day)
    first = selectors.events(organization.pk, limit=5)
    rest = selectors.events(organization.pk, limit=5, cursor=first.next_cursor)
    days = [row.occurred_at.day for row in (*first.data, *rest.data)]
    assert (days, rest.next_cursor) == ([7, 6, 5, 4, 3, 2, 1], None)
    with pytest.raises(Problem):
        selectors.events(organization.pk, cursor="rubbish")


def test_a_price_that_disagrees_with_the_ledger_is_seen(organization: Any) -> None:
    services.record_price(model="ocr", version=1, unit="page", currency="USD", tiers=[(None, Decimal(9), Decimal(0))])
    record(organization)
    assert services.verify_ledger().mispriced == (("ocr", 1),)
