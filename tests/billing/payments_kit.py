"""What the tests of payments share: a day, and usage, cards and invoices of an account."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from billing_kit import event
from django.db import connection
from sandbox_kit import SandboxProcess

from billing import invoicing, ledger, payments, selectors
from billing.models import BillingAccount, Invoice
from kernel import clock

NOVEMBER = datetime(2026, 11, 2, tzinfo=UTC)
OCTOBER = date(2026, 10, 1)


def at(moment: datetime) -> None:
    clock.set_offset(moment - datetime.now(UTC))


def use(account: BillingAccount, units: int, *, month: int = 10, day: int = 5, model: str = "ocr",
        each: Decimal = Decimal(10)) -> None:
    """`units` pages at 10 cents."""
    one = event(org_id=account.organization_id, model=model, units=units, unit_amount=each,
                occurred_at=datetime(2026, month, day, 9, tzinfo=UTC))
    with connection.cursor() as cursor:
        cursor.execute(ledger.INSERT, ledger.rows([one]))


def save_card(account: BillingAccount, token: str = "pm_card_visa") -> None:
    gateway = payments.gateway()
    gateway.attach_card(token, payments.ensure_customer(account))
    payments.sync_cards(account)
    account.refresh_from_db()


def invoice_of(account: BillingAccount, units: int = 100) -> Invoice:
    use(account, units)
    return invoicing.close_period(account=account, period=OCTOBER)


def charged(stripe: SandboxProcess, account: BillingAccount) -> list[int]:
    """What the sandbox itself says it took from this customer."""
    account.refresh_from_db()
    found = stripe.get(f"/v1/payment_intents?limit=100&customer={account.stripe_customer}")["data"]
    return [one["amount"] for one in found if one["status"] == "succeeded"]


def prepaid(account: BillingAccount) -> int | None:
    """What an account that pays in advance may spend in all."""
    limits = selectors.limits(account.organization_id)
    assert limits is not None
    assert limits.monthly_limit_minor is None
    return limits.prepaid_minor
