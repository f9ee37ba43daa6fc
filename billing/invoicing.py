"""From a period that ended to a numbered invoice: draft (its grace) → issued → paid / past_due / void.

Every step is a named transition under the account's and the invoice's row lock; locks are taken in that order. What
an invoice says is computed by `selectors.conclude`, the same as its draft. Facts are published after commit.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from billing import credits, dunning, periods, pricing, purse, selectors, shares, statement
from billing.models import (
    BillingAccount,
    Invoice,
    InvoiceCounter,
    InvoiceLine,
    Plan,
    Price,
    UsagePeriod,
    UsageRollupHour,
)
from billing.services import open_account, record_price
from kernel import bus, clock
from kernel.facts import InvoicePaid
from kernel.problems import Problem

log = logging.getLogger(__name__)

GRACE = timedelta(hours=1)  # how long after a period's end its late events still reach its own invoice
DUE_AFTER = timedelta(days=14)


@transaction.atomic
def open_draft(*, account: BillingAccount, period: date) -> Invoice:
    """The draft of a period that ended, made once. It fixes the plan that the period is billed under; its lines are
    computed anew when it is issued, so what comes within the grace is on it."""
    account = _locked(account)
    period = _ended(account, period)
    found = Invoice.objects.filter(account=account, period_start=period, kind="usage").first()
    return found or Invoice.objects.create(
        account=account, organization_id=account.organization_id, plan=account.plan, currency=account.currency,
        period_start=period, period_end=periods.next_month(period, account.anchor_day))


@transaction.atomic
def close_period(*, account: BillingAccount, period: date) -> Invoice:
    """Issues the invoice of a period that ended: its usage, late usage of earlier ones, what was carried, commitment,
    discounts, tax and credit.

    Closing again returns the same invoice. A net too small to collect, or in the customer's favour, is carried to the
    next one, and an invoice of 0 is paid as it is issued.
    """
    account = _locked(account)
    period = _ended(account, period)
    invoice = open_draft(account=account, period=period)
    if invoice.status != Invoice.Status.DRAFT:
        return invoice
    if any(month < period for month in selectors.unbilled_months(account.organization_id, period)):
        raise Problem("invalid_state", "an earlier month with usage is still open")

    with suppress(Problem):  # where the meter is away, what expired may still pay
        credits.expire(account_id=account.pk)
    found = selectors.conclude(account, period, with_carry_out=True)
    for line in found.lines:
        _keep_price(line)
        _bill(account, line)
    if found.carried != account.carried_minor:
        BillingAccount.objects.filter(pk=account.pk).update(carried_minor=found.carried)
    InvoiceLine.objects.bulk_create([InvoiceLine(
        invoice=invoice, type=line.type, model=line.model, unit=line.unit, price_version=line.price_version,
        period_start=line.month, units=line.units, included=line.included, unit_amount=line.unit_amount,
        amount=line.amount) for line in found.lines])
    account.coupons.filter(left__gt=0).update(left=F("left") - 1)
    if found.credit:
        credits.spend(account=account, invoice=invoice, amount=found.credit)
    if account.plan.kind == Plan.Kind.PREPAID:
        purse.moved(account)
    invoice.subtotal, invoice.discount, invoice.tax = found.subtotal, found.discount, found.tax
    invoice.credit, invoice.total = found.credit, found.total
    return issue(invoice=invoice, account=account)


@transaction.atomic
def issue(*, invoice: Invoice, account: BillingAccount) -> Invoice:
    """Numbers and finalizes a draft. The counter's row is locked until commit: a rollback leaves no gap."""
    invoice.number, invoice.status = next_number("TSR"), Invoice.Status.ISSUED
    invoice.issued_at = clock.now()
    invoice.due_at = invoice.issued_at + DUE_AFTER
    invoice.tax_percent = account.tax_rate.percent if account.tax_rate and invoice.kind == "usage" else Decimal(0)
    invoice.bill_to = {"name": account.legal_name, "address": account.address, "tax_id": account.tax_id}
    invoice.next_attempt_at = invoice.issued_at if invoice.total else None
    invoice.cut_at = Now()
    invoice.save()
    invoice.refresh_from_db(fields=["cut_at"])
    return mark_paid(invoice_id=invoice.pk, amount_minor=0) if invoice.total == 0 else invoice


def next_number(series: str) -> int:
    """The next number of a gapless series; inside the caller's transaction."""
    InvoiceCounter.objects.get_or_create(series=series)
    counter = InvoiceCounter.objects.select_for_update().get(series=series)
    InvoiceCounter.objects.filter(pk=series).update(next_number=counter.next_number + 1)
    return counter.next_number


def close_due_periods() -> int:
    """Opens drafts of periods that ended and closes those that ended a grace ago; returns how many were issued.

    Safe to run anywhere, anytime: it only scans, an account that another closer holds is skipped, and one failing
    account leaves the others be.
    """
    used = UsageRollupHour.objects.filter(mode="live").order_by().values_list("org_id", flat=True).distinct()
    known = BillingAccount.objects.order_by("pk").values_list("organization_id", flat=True)
    issued = 0
    for org_id in dict.fromkeys([*known, *used]):
        try:
            issued += _roll_over(org_id)
        except Exception:
            log.exception("closing the periods of organization %s failed", org_id)
    return issued


@transaction.atomic
def mark_paid(*, invoice_id: int, amount_minor: int) -> Invoice:
    """The money is here. Paying a paid invoice again changes nothing; another amount is refused.

    A bought credit is granted, and providers get their shares, in the same transaction.
    """
    invoice = Invoice.objects.select_for_update().get(pk=invoice_id)
    if amount_minor != invoice.total:
        raise Problem("invalid_state", f"{invoice.label} is over {invoice.total}, not {amount_minor}")
    if invoice.status == Invoice.Status.PAID:
        return invoice
    if invoice.status not in (Invoice.Status.ISSUED, Invoice.Status.PAST_DUE):
        raise Problem("invalid_state", f"{invoice.label} is {invoice.status}")
    invoice.status, invoice.amount_paid, invoice.paid_at = Invoice.Status.PAID, amount_minor, clock.now()
    invoice.next_attempt_at = None
    invoice.save(update_fields=["status", "amount_paid", "paid_at", "next_attempt_at"])
    if invoice.kind == "topup":
        credits.grant(account=invoice.account, amount=invoice.total, kind="paid", source_ref=f"topup:{invoice.pk}",
                      reason=invoice.label)
    shares.allocate(invoice)
    fact = InvoicePaid(invoice.organization_id, invoice.pk)
    transaction.on_commit(lambda: bus.publish(fact))
    return invoice


@transaction.atomic
def mark_unpaid(*, invoice_id: int) -> Invoice:
    """issued → past_due: a payment was refused, or the due day passed. Dunning counts from the first time."""
    invoice = Invoice.objects.select_for_update().get(pk=invoice_id)
    if invoice.status == Invoice.Status.ISSUED:
        invoice.status = Invoice.Status.PAST_DUE
    elif invoice.status != Invoice.Status.PAST_DUE:
        raise Problem("invalid_state", f"{invoice.label} is {invoice.status}")
    invoice.failed_at = invoice.failed_at or clock.now()
    invoice.next_attempt_at = None
    invoice.save(update_fields=["status", "failed_at", "next_attempt_at"])
    dunning.settle_state(account_id=invoice.account_id)
    return invoice


def mark_past_due() -> int:
    """Issued invoices whose day has come and for which nothing is in flight; returns how many."""
    late = Invoice.objects.filter(status=Invoice.Status.ISSUED, due_at__lt=clock.now(), next_attempt_at__isnull=True)
    late = late.exclude(attempts__status__in=["sending", "stuck"])
    for invoice_id in late.values_list("pk", flat=True):
        mark_unpaid(invoice_id=invoice_id)
    return len(late)


@transaction.atomic
def void_invoice(*, org_id: int, invoice_id: int, reason: str) -> Invoice:
    """Forgives an unpaid invoice: its number stays, its usage counts as billed, the credit it used comes back."""
    invoice = (Invoice.objects.select_for_update().filter(organization_id=org_id, pk=invoice_id)
               .exclude(status=Invoice.Status.DRAFT).first())
    if invoice is None:
        raise Problem("not_found")
    if invoice.status == Invoice.Status.VOID:
        return invoice
    if invoice.status == Invoice.Status.PAID:
        raise Problem("invalid_state", f"{invoice.label} is paid: give money back by a credit note")
    if invoice.attempts.filter(status__in=["sending", "stuck"]).exists():
        raise Problem("invalid_state", f"a payment of {invoice.label} is in flight")
    if not reason.strip():
        raise Problem("validation_error", "a void has a reason")
    invoice.status, invoice.next_attempt_at = Invoice.Status.VOID, None
    invoice.save(update_fields=["status", "next_attempt_at"])
    credits.restore(invoice=invoice)
    dunning.settle_state(account_id=invoice.account_id)
    log.warning("invoice %s of organization %s voided: %s", invoice.label, org_id, reason.strip())
    return invoice


@transaction.atomic
def issue_topup(*, account: BillingAccount, amount: int) -> Invoice:
    """An issued invoice over credit to be bought; the collector charges the saved card, payment grants the credit."""
    account = _locked(account)
    today = clock.now().date()
    invoice = Invoice.objects.create(
        account=account, organization_id=account.organization_id, plan=account.plan, currency=account.currency,
        kind="topup", period_start=today, period_end=today + timedelta(days=1), subtotal=amount, total=amount)
    InvoiceLine.objects.create(invoice=invoice, type=InvoiceLine.Type.TOPUP, period_start=today, amount=amount)
    return issue(invoice=invoice, account=account)


@transaction.atomic
def _roll_over(org_id: int) -> int:
    """One account's turn of period: drafts, its next plan, then what is due to be issued."""
    account = selectors.account_of(org_id)
    if account is None:
        currency = UsageRollupHour.objects.filter(org_id=org_id, mode="live").values_list("currency", flat=True).first()
        if currency is None:
            return 0
        account = open_account(org_id=org_id, currency=currency)
    held = (BillingAccount.objects.select_for_update(skip_locked=True, of=("self",)).select_related("plan")
            .filter(pk=account.pk).first())
    if held is None:
        return 0
    now, anchor = clock.now(), held.anchor_day
    current = periods.month_of(now, anchor)
    for month in _owed(held, current):
        open_draft(account=held, period=month)
    _take_next_plan(held, current)
    issued = 0
    before = periods.month_of(now - GRACE, anchor)
    due = Invoice.objects.filter(account=held, kind="usage", status=Invoice.Status.DRAFT, period_end__lte=before)
    for month in due.order_by("period_start").values_list("period_start", flat=True):
        close_period(account=held, period=month)
        issued += 1
    return issued


def _owed(account: BillingAccount, current: date) -> list[date]:
    """Ended periods that need an invoice and have none yet."""
    months = set(selectors.unbilled_months(account.organization_id, current))
    last = periods.month_of(_day_before(current), account.anchor_day)
    closed = Invoice.objects.filter(account=account, period_start=last, kind="usage").exists()
    if account.plan.kind == Plan.Kind.COMMITTED:
        start = account.plan_since or periods.month_of(account.created_at, account.anchor_day)
        billed = set(account.invoices.filter(kind="usage").values_list("period_start", flat=True))
        while start < current:
            months |= {start} - billed
            start = periods.next_month(start, account.anchor_day)
    if not months and not closed and selectors.has_late_usage(account, current):
        months.add(last)  # nothing was used last month, but earlier months changed
    return sorted(months)


def _take_next_plan(account: BillingAccount, current: date) -> None:
    if account.next_plan_id is None or account.next_plan_from is None or account.next_plan_from > current:
        return
    account.plan_id, account.plan_since = account.next_plan_id, account.next_plan_from
    account.next_plan, account.next_plan_from = None, None
    account.save(update_fields=["plan", "plan_since", "next_plan", "next_plan_from"])
    purse.moved(account)


def _day_before(day: date) -> date:
    return day - timedelta(days=1)


def _ended(account: BillingAccount, period: date) -> date:
    period = periods.month_of(period, account.anchor_day)
    end: datetime = periods.starts(periods.next_month(period, account.anchor_day))
    if end > clock.now():
        raise Problem("invalid_state", f"{period:%Y-%m} has not ended")
    return period


def _locked(account: BillingAccount) -> BillingAccount:
    return (BillingAccount.objects.select_for_update(of=("self",)).select_related("plan", "tax_rate")
            .get(pk=account.pk))


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
