"""What billing does: opens accounts, corrects usage, closes periods into invoices, sets the meter right.

Time is `kernel.clock`; every change of state happens under a row lock; facts are published after commit.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import redis
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from billing import ledger, meter, periods, pricing, rating, selectors, statement
from billing.models import (
    BillingAccount,
    Invoice,
    InvoiceCounter,
    InvoiceLine,
    Plan,
    Price,
    PriceTier,
    UsageEvent,
    UsagePeriod,
    UsageRollupHour,
)
from kernel import bus, clock, contracts
from kernel.facts import InvoicePaid
from kernel.ids import uuid7
from kernel.problems import Problem

log = logging.getLogger(__name__)

GRACE = timedelta(hours=1)  # how long after a month's end its late events still reach its own invoice
DUE_AFTER = timedelta(days=14)
PLANS: dict[str, dict[str, object]] = {
    "free": {"name": "Free", "charges_usage": False, "monthly_units": 1_000, "rate_per_minute": 60, "concurrency": 4},
    "pay_as_you_go": {"name": "Pay as you go", "charges_usage": True, "monthly_units": None, "rate_per_minute": 600,
                      "concurrency": 16},
}


def open_account(*, org_id: int, currency: str = "USD", plan: str = "pay_as_you_go") -> BillingAccount:
    """The organization's account, made on the first call; later calls change nothing."""
    found = selectors.account_of(org_id)
    if found is not None:
        return found
    account, _ = BillingAccount.objects.get_or_create(
        organization_id=org_id, defaults={"currency": currency, "plan": _plan(plan)})
    return account


@transaction.atomic
def change_plan(*, org_id: int, plan: str) -> BillingAccount:
    """Moves an organization to another plan, now and for the month's whole invoice; limits move with its grants."""
    account = BillingAccount.objects.select_for_update().get(pk=open_account(org_id=org_id).pk)
    account.plan = _plan(plan)
    account.save(update_fields=["plan"])
    return account


@transaction.atomic
def set_limit(*, org_id: int, limit_minor: int | None) -> BillingAccount:
    """Sets or lifts the hard money limit of a month; it binds once the organization's grants are rebuilt."""
    if limit_minor is not None and limit_minor < 0:
        raise Problem("validation_error", "a limit is 0 or more")
    account = BillingAccount.objects.select_for_update().get(pk=open_account(org_id=org_id).pk)
    account.limit_minor = limit_minor
    account.save(update_fields=["limit_minor"])
    return account


@transaction.atomic
def record_price(*, model: str, version: int, unit: str, currency: str,
                 tiers: list[tuple[int | None, Decimal, Decimal]], scheme: str = "per_unit", included: int = 0,
                 package_size: int = 1) -> Price:
    """Fixes what a price version costs; recording the same one again returns it. Tiers are (up_to, each, flat)."""
    # Refuses what rating could not rate.
    rating.Tariff(scheme, tuple(rating.Tier(*tier) for tier in tiers), included, package_size)  # type: ignore[arg-type]
    price, created = Price.objects.get_or_create(model=model, version=version, defaults={
        "unit": unit, "currency": currency, "scheme": scheme, "included": included, "package_size": package_size})
    if created:
        PriceTier.objects.bulk_create([PriceTier(price=price, up_to=up_to, unit_amount=each, flat_amount=flat)
                                       for up_to, each, flat in tiers])
    return price


@transaction.atomic
def correct_usage(*, org_id: int, event_id: UUID, units: int, reason: str) -> UUID:
    """Adds `units` (negative to take away) to a ledger entry by a further entry; the original stands.

    The correction counts where the original did, so a billed month shows it as late usage on the next invoice.
    """
    original = UsageEvent.objects.select_for_update().filter(org_id=org_id, event_id=event_id, kind="usage").first()
    if original is None:
        raise Problem("not_found")
    if not reason.strip() or units == 0:
        raise Problem("validation_error", "a correction has units and a reason")
    corrections = UsageEvent.objects.filter(corrects=event_id, org_id=org_id)
    left = original.units + sum(corrections.values_list("units", flat=True))
    if left + units < 0:
        raise Problem("invalid_state", f"only {left} units are left to take away")
    entry = contracts.UsageEvent(
        uuid7(), org_id, original.key_id, original.model, original.version, original.unit, units,
        original.price_version, original.unit_amount, original.currency, original.mode,  # type: ignore[arg-type]
        original.occurred_at, bytes(original.request_hash), 0, original.source)  # type: ignore[arg-type]
    with connection.cursor() as cursor:
        cursor.execute(ledger.INSERT, ledger.rows([entry], kind="correction", corrects=event_id, reason=reason.strip()))
    return entry.event_id


@transaction.atomic
def close_period(*, account: BillingAccount, period: date) -> Invoice:
    """Issues the invoice of a month that ended: its usage, late usage of earlier months, what was carried.

    Closing again returns the same invoice. A subtotal too small to collect, or in the customer's favour, is carried to
    the next one, and an invoice of 0 is paid as it is issued.
    """
    period = periods.month_of(period)
    if periods.starts(periods.next_month(period)) > clock.now():
        raise Problem("invalid_state", f"{period:%Y-%m} has not ended")
    account = BillingAccount.objects.select_for_update(of=("self",)).select_related("plan").get(pk=account.pk)
    existing = Invoice.objects.filter(account=account, period_start=period, kind="usage").first()
    if existing is not None:
        return existing
    if any(month < period for month in selectors.unbilled_months(account.organization_id, period)):
        raise Problem("invalid_state", "an earlier month with usage is still open")

    lines = selectors.invoice_lines(account, period)
    for line in lines:
        _keep_price(line)
        _bill(account, line)
    subtotal = sum(line.amount for line in lines)
    carry = statement.carry_out(subtotal, account.currency)
    if carry:
        lines.append(statement.carried(-carry, type="carry_out", month=period))
    if carry != account.carried_minor:
        BillingAccount.objects.filter(pk=account.pk).update(carried_minor=carry)

    invoice = Invoice.objects.create(
        account=account, organization_id=account.organization_id, plan=account.plan, currency=account.currency,
        period_start=period, period_end=periods.next_month(period), subtotal=subtotal - carry, total=subtotal - carry)
    InvoiceLine.objects.bulk_create([InvoiceLine(
        invoice=invoice, type=line.type, model=line.model, unit=line.unit, price_version=line.price_version,
        period_start=line.month, units=line.units, included=line.included, unit_amount=line.unit_amount,
        amount=line.amount) for line in lines])
    return _issue(invoice)


def close_due_periods() -> int:
    """Closes every month that ended a grace ago; returns how many invoices were issued. Safe to run anywhere, anytime:
    it only scans, an account that another closer holds is skipped, and one failing account leaves the others be."""
    before = periods.month_of(clock.now() - GRACE)
    last = periods.month_of(periods.starts(before) - timedelta(days=1))
    used = UsageRollupHour.objects.filter(mode="live", hour__lt=periods.starts(before)).order_by()
    issued = 0
    for org_id in used.values_list("org_id", flat=True).distinct().iterator():
        try:
            issued += _close_due(org_id, before, last)
        except Exception:
            log.exception("closing the periods of organization %s failed", org_id)
    return issued


@transaction.atomic
def mark_paid(*, invoice_id: int, amount_minor: int) -> Invoice:
    """The money is here. Paying a paid invoice again changes nothing; another amount is refused."""
    invoice = Invoice.objects.select_for_update().get(pk=invoice_id)
    if amount_minor != invoice.total:
        raise Problem("invalid_state", f"{invoice.label} is over {invoice.total}, not {amount_minor}")
    if invoice.status == Invoice.Status.PAID:
        return invoice
    if invoice.status not in (Invoice.Status.ISSUED, Invoice.Status.PAST_DUE):
        raise Problem("invalid_state", f"{invoice.label} is {invoice.status}")
    invoice.status, invoice.amount_paid, invoice.paid_at = Invoice.Status.PAID, amount_minor, clock.now()
    invoice.save(update_fields=["status", "amount_paid", "paid_at"])
    fact = InvoicePaid(invoice.organization_id, invoice.pk)
    transaction.on_commit(lambda: bus.publish(fact))
    return invoice


def mark_past_due() -> int:
    """Issued invoices whose day has come, in one statement; returns how many."""
    return Invoice.objects.filter(status=Invoice.Status.ISSUED, due_at__lt=clock.now()).update(
        status=Invoice.Status.PAST_DUE)


def reconcile_quotas() -> int:
    """Sets the meter's counters of this month to the ledger's sums; returns how many organizations had drifted."""
    client = redis.Redis.from_url(settings.CACHES["default"]["LOCATION"])
    month = periods.this_month()
    try:
        return meter.reconcile(client, f"{month:%Y-%m}", lambda org_id: selectors.ledger_spend(org_id, month))
    finally:
        client.close()


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """What `verify_ledger` found: how much it read, where the rollups differ, and prices that don't match."""

    events: int
    rollups: int
    differences: tuple[selectors.Difference, ...]
    mispriced: tuple[tuple[str, int], ...]  # (model, price version) recorded at another amount than the price says

    @property
    def sound(self) -> bool:
        return not self.differences and not self.mispriced


@transaction.atomic
def verify_ledger() -> LedgerCheck:
    """Recomputes the rollups from the events, in one snapshot, and compares recorded amounts with kept prices."""
    with connection.cursor() as cursor:
        if not connection.needs_rollback and connection.savepoint_ids == []:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    differences = tuple(selectors.rollup_differences())
    single = PriceTier.objects.filter(price__scheme=Price.Scheme.PER_UNIT).select_related("price")
    mispriced = tuple(
        (tier.price.model, tier.price.version) for tier in single
        if UsageRollupHour.objects.filter(model=tier.price.model, price_version=tier.price.version,
                                          unit=tier.price.unit, currency=tier.price.currency)
        .exclude(amount=F("units") * tier.unit_amount).exists())
    return LedgerCheck(UsageEvent.objects.count(), UsageRollupHour.objects.count(), differences, mispriced)


@transaction.atomic
def _close_due(org_id: int, before: date, last: date) -> int:
    months = selectors.unbilled_months(org_id, before)
    if selectors.account_of(org_id) is None:
        currency = UsageRollupHour.objects.filter(org_id=org_id, mode="live").values_list("currency", flat=True).first()
        open_account(org_id=org_id, currency=currency or "USD")
    account = (BillingAccount.objects.select_for_update(skip_locked=True).filter(organization_id=org_id).first())
    if account is None:
        return 0
    closed = Invoice.objects.filter(account=account, period_start=last).exists()
    if not months and not closed and selectors.has_late_usage(account, before):
        months = [last]  # nothing was used last month, but earlier months changed
    for month in months:
        close_period(account=account, period=month)
    return len(months)


def _issue(invoice: Invoice) -> Invoice:
    """Numbers and finalizes a draft. The counter's row is locked until commit: a rollback leaves no gap."""
    InvoiceCounter.objects.get_or_create(series="TSR")
    counter = InvoiceCounter.objects.select_for_update().get(series="TSR")
    invoice.number, invoice.status = counter.next_number, Invoice.Status.ISSUED
    invoice.issued_at = clock.now()
    invoice.due_at = invoice.issued_at + DUE_AFTER
    invoice.save()
    counter.next_number += 1
    counter.save(update_fields=["next_number"])
    return mark_paid(invoice_id=invoice.pk, amount_minor=0) if invoice.total == 0 else invoice


def _bill(account: BillingAccount, line: statement.Line) -> None:
    if line.type not in (InvoiceLine.Type.USAGE, InvoiceLine.Type.LATE):
        return
    key = {"account": account, "period_start": line.month, "model": line.model, "unit": line.unit,
           "price_version": line.price_version}
    UsagePeriod.objects.get_or_create(**key)
    UsagePeriod.objects.filter(**key).update(
        billed_units=F("billed_units") + line.units, billed_included=F("billed_included") + line.included,
        billed_amount=F("billed_amount") + line.amount)


def _keep_price(line: statement.Line) -> None:
    """Late usage of this period must be rated by the price it was first billed at, whatever the book says then."""
    if line.model and not Price.objects.filter(model=line.model, version=line.price_version).exists():
        price = pricing.listed_price(line.model, line.price_version)
        if price is not None:
            record_price(model=line.model, version=line.price_version, unit=price.unit, currency=price.currency,
                         tiers=[(None, price.amount, Decimal(0))], included=price.free_per_month)


def _plan(code: str) -> Plan:
    if code not in PLANS:
        raise Problem("validation_error", f"there is no plan {code}")
    return Plan.objects.get_or_create(code=code, defaults=PLANS[code])[0]
