"""Thirteen months by the clock: a leap day, both changes of daylight saving, and periods that begin on the 31st."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from billing_kit import event
from django.apps import apps
from django.db import connection
from sandbox_kit import SandboxProcess

from billing import invoicing, ledger, payments, periods, pricing, services
from billing.models import BillingAccount, Invoice
from kernel import clock
from kernel.contracts import Price

pytestmark = [pytest.mark.stack, pytest.mark.django_db]

BEGIN, END = date(2027, 12, 1), date(2029, 2, 3)
PRICE = {"USD": Decimal("12.345"), "JPY": Decimal("3.21"), "KWD": Decimal("77.7")}
# Both of Europe's changes: an hour that local clocks show twice, one they skip, and the leap day's last second.
EDGES = [datetime(2028, 3, 26, 0, 59, tzinfo=UTC), datetime(2028, 3, 26, 1, 1, tzinfo=UTC),
         datetime(2028, 10, 29, 0, 30, tzinfo=UTC), datetime(2028, 10, 29, 1, 30, tzinfo=UTC),
         datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC), datetime(2028, 3, 31, 0, 0, tzinfo=UTC)]


@pytest.fixture(autouse=True)
def clocks() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'Europe/Berlin'")  # nothing may depend on the session's zone
    yield
    pricing.use_price_book(None)
    clock.set_offset(timedelta(0))


def at(moment: datetime) -> None:
    clock.set_offset(moment - datetime.now(UTC))


def test_thirteen_months(stripe: SandboxProcess, record_property: Callable[[str, object], None]) -> None:
    rng = random.Random(31)
    accounts: dict[int, tuple[BillingAccount, str]] = {}
    at(datetime(2027, 12, 1, tzinfo=UTC))
    for number, (anchor, currency) in enumerate([(31, "USD"), (1, "USD"), (30, "JPY"), (29, "KWD"), (15, "USD")]):
        org = apps.get_model("accounts", "Organization").objects.create(name=f"A{number}", slug=f"a{number}")
        account = services.open_account(org_id=org.pk, currency=currency)
        BillingAccount.objects.filter(pk=account.pk).update(anchor_day=anchor)
        account.refresh_from_db()
        payments.gateway().attach_card("pm_card_visa", payments.ensure_customer(account))
        payments.sync_cards(account)
        accounts[org.pk] = (account, currency)
    used: dict[tuple[int, date], int] = {}
    day = BEGIN
    while day < END:
        moments = [datetime(day.year, day.month, day.day, rng.randrange(24), tzinfo=UTC)]
        moments += [edge for edge in EDGES if edge.date() == day]
        entries = []
        for org_id, (account, currency) in accounts.items():
            for moment in moments:
                units = rng.randrange(1, 40)
                start = periods.month_of(moment, account.anchor_day)
                used[org_id, start] = used.get((org_id, start), 0) + units
                entries.append(event(org_id=org_id, units=units, unit_amount=PRICE[currency], currency=currency,
                                     occurred_at=moment))
        with connection.cursor() as cursor:
            cursor.execute(ledger.INSERT, ledger.rows(entries))
        day += timedelta(days=1)
        at(datetime(day.year, day.month, day.day, 3, tzinfo=UTC))
        if any(day == periods.month_of(day, account.anchor_day) for account, _ in accounts.values()):
            stripe.set(clock_offset_s=int((clock.now() - datetime.now(UTC)).total_seconds()))
            invoicing.close_due_periods()
            payments.collect_due()
    for org_id, (account, currency) in accounts.items():
        invoices = list(Invoice.objects.filter(account=account, status="paid").order_by("period_start"))
        assert len(invoices) >= 13
        for earlier, later in pairwise(invoices):
            assert earlier.period_end == later.period_start
        for invoice in invoices:
            exact = used[org_id, invoice.period_start] * Fraction(PRICE[currency])
            assert invoice.total == (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
            assert sum(line.units for line in invoice.lines.all()) == used[org_id, invoice.period_start]
        account.refresh_from_db()
        taken = [one["amount"] for one in payments_of(stripe, account.stripe_customer or "")]
        assert sorted(taken) == sorted(invoice.total for invoice in invoices)
    record_property("months", 14)
    record_property("invoices", Invoice.objects.filter(status="paid").count())
    starts = [i.period_start.isoformat() for i in Invoice.objects.filter(account=next(iter(accounts.values()))[0])
              .order_by("period_start")]
    assert starts[1:6] == ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]


def payments_of(stripe: SandboxProcess, customer: str) -> list[dict[str, int]]:
    found = stripe.get(f"/v1/payment_intents?limit=100&customer={customer}")["data"]
    return [one for one in found if one["status"] == "succeeded"]


def test_the_database_has_the_same_sense_of_a_period() -> None:
    rng = random.Random(5)
    moments = [datetime(2027, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(1_500_000)) for _ in range(400)]
    with connection.cursor() as cursor:
        for moment in [*moments, *EDGES]:
            anchor = rng.randrange(1, 32)
            cursor.execute("SELECT billing_period_start(%s, %s) AT TIME ZONE 'UTC'", [moment, anchor])
            assert cursor.fetchone()[0].date() == periods.month_of(moment, anchor)


def test_price_versions_plans_and_commitment_change_with_the_next_period() -> None:
    org = apps.get_model("accounts", "Organization").objects.create(name="A", slug="a")
    at(datetime(2028, 1, 10, tzinfo=UTC))
    pricing.use_price_book(lambda model, version: Price("page", Decimal(10), "USD", 1))
    account = services.open_account(org_id=org.pk)
    BillingAccount.objects.filter(pk=account.pk).update(default_method="pm_x")
    services.schedule_price(model="ocr", unit="page", currency="USD", tiers=[(None, Decimal(20), Decimal(0))])
    services.choose_plan(org_id=org.pk, plan="committed")

    def use(month: int, units: int) -> None:
        one = event(org_id=org.pk, units=units, unit_amount=Decimal(10),
                    occurred_at=datetime(2028, month, 20, tzinfo=UTC))
        with connection.cursor() as cursor:
            cursor.execute(ledger.INSERT, ledger.rows([one]))

    use(1, 100)
    use(2, 3000)
    for month in (2, 3, 4):
        at(datetime(2028, month, 1, 2, tzinfo=UTC))
        invoicing.close_due_periods()
    found = {i.period_start.month: i for i in Invoice.objects.filter(account=account)}
    assert (found[1].total, found[1].plan.code) == (1000, "pay_as_you_go")
    # 3000 pages at the new price, 20 % off: 480.00, so 20.00 are missing to the commitment
    assert (found[2].subtotal, found[2].discount, found[2].total, found[2].plan.code) == (
        62_000, 12_000, 50_000, "committed")
    assert found[3].total == 50_000  # nothing used: the commitment
    assert [line.type for line in found[3].lines.all()] == ["commitment"]
