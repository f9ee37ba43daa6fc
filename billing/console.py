"""What the console's money pages read, page by page. Every function names its organization; amounts are whole minor
units of the account's currency unless they say otherwise.

Changing things: `services` (choose_plan, set_limit, set_billing_details), `credits` (set_auto_recharge,
redeem_coupon), `payments` (start_card_setup, start_topup, finish_checkout, portal_url, set_default_card, remove_card),
`payouts` (start_onboarding). Providers read `payouts.earnings`, `payouts.payouts_of`, `payouts.payout_statement`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from billing import documents, periods, pricing, rating, selectors, services
from billing.models import (
    CreditNote,
    Dispute,
    Invoice,
    PaymentAttempt,
    Plan,
    ReconciliationDay,
    UsageEvent,
    WebhookEvent,
)
from billing.stripe_gateway import is_sandbox, is_set_up
from kernel.problems import Problem


@dataclass(frozen=True, slots=True)
class CardView:
    """A saved card."""

    id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    is_default: bool


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as it is offered to an account. `commitment` is the minimum of a period; `is_next` takes over with it."""

    code: str
    name: str
    kind: str
    rate_per_minute: int
    concurrency: int
    monthly_units: int | None
    discount_percent: Decimal
    commitment: int | None
    is_current: bool
    is_next: bool


@dataclass(frozen=True, slots=True)
class AccountView:
    """The head of the billing page: plan, state ("active", "blocked", "suspended"), what is owed, whom bills go to.

    `payments_work`: a Stripe is configured; `sandbox`: money is play money, and the page must say so.
    """

    currency: str
    plan: str
    plan_name: str
    next_plan: str
    next_plan_from: date | None
    period_start: date
    period_end: date
    state: str
    owed: int
    limit: int | None
    email: str
    legal_name: str
    address: str
    tax_id: str
    tax_percent: Decimal
    coupons: tuple[str, ...]
    sandbox: bool
    payments_work: bool


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One try to collect an invoice."""

    id: str
    number: int
    amount: int
    status: str
    error_code: str
    error: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NoteView:
    number: str
    amount: int
    reason: str
    status: str
    to_credit: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Calculation:
    """What `units` of a model would cost in a period: `minor` rounded, `included` of them free."""

    model: str
    unit: str
    units: int
    included: int
    unit_amount: Decimal | None
    minor: int
    currency: str


def billing_account(org_id: int) -> AccountView:
    """The organization's account; opens it on the first look."""
    services.open_account(org_id=org_id)
    account = selectors.account_of(org_id)
    if account is None:
        raise Problem("not_found")
    start = periods.this_month(account.anchor_day)
    owed = account.invoices.filter(status__in=["issued", "past_due"]).values_list("total", flat=True)
    coupons = account.coupons.filter(left__gt=0).values_list("coupon__code", flat=True)
    return AccountView(
        account.currency, account.plan.code, account.plan.name, account.next_plan.code if account.next_plan else "",
        account.next_plan_from, start, periods.next_month(start, account.anchor_day), account.state, sum(owed),
        account.limit_minor, account.email, account.legal_name, account.address, account.tax_id,
        account.tax_rate.percent if account.tax_rate else Decimal(0), tuple(coupons), is_sandbox(), is_set_up())


def payment_methods(org_id: int) -> list[CardView]:
    """The saved cards, the default first."""
    account = selectors.account_of(org_id)
    if account is None:
        return []
    cards = [CardView(m.method_id, m.brand, m.last4, m.exp_month, m.exp_year, m.method_id == account.default_method)
             for m in account.methods.order_by("pk")]
    return sorted(cards, key=lambda card: not card.is_default)


def plans(org_id: int) -> list[PlanView]:
    """Every plan, the cheapest kind first, marked with what this account has and will have."""
    account = services.open_account(org_id=org_id)
    return _plans(account.currency, account.plan_id, account.next_plan_id)


def public_plans(currency: str = "USD") -> list[PlanView]:
    """Every plan as the public pricing page shows it."""
    return _plans(currency, None, None)


def _plans(currency: str, current: int | None, following: int | None) -> list[PlanView]:
    found = [services.plan_named(code) for code in services.PLANS]
    return [PlanView(
        plan.code, plan.name, plan.kind, plan.rate_per_minute, plan.concurrency, plan.monthly_units,
        plan.discount_percent, next((c.minor for c in plan.commitments.all() if c.currency == currency), None),
        plan.pk == current, plan.pk == following) for plan in found]


def calculate(*, model: str, units: int, currency: str | None = None) -> Calculation:
    """The public price calculator: a whole period's `units` at today's listed price. Raises model_not_found."""
    price = pricing.listed_price(model)
    if price is None or (currency and price.currency != currency):
        raise Problem("model_not_found", f"no price is listed for {model}")
    priced = selectors.tariffs(price.currency)(model, price.version, price.unit, periods.this_month())
    tariff = priced.tariff if priced else rating.per_unit(price.amount, included=price.free_per_month)
    charge = rating.charge(tariff, units)
    each = tariff.tiers[0].unit_amount if tariff.scheme == "per_unit" else None
    return Calculation(model, price.unit, units, charge.included, each, charge.minor, price.currency)


def invoice_attempts(org_id: int, invoice_id: int) -> list[AttemptView]:
    """How an invoice was collected, newest first."""
    found = PaymentAttempt.objects.filter(invoice__organization_id=org_id, invoice_id=invoice_id).order_by("-number")
    return [AttemptView(str(a.pk), a.number, a.amount, a.status, a.error_code, a.error, a.created_at) for a in found]


def credit_notes(org_id: int, invoice_id: int | None = None) -> list[NoteView]:
    """What was given back, newest first."""
    found = CreditNote.objects.filter(invoice__organization_id=org_id)
    if invoice_id is not None:
        found = found.filter(invoice_id=invoice_id)
    return [NoteView(n.label, n.amount, n.reason, n.status, n.to_credit, n.created_at) for n in found]


@dataclass(frozen=True, slots=True)
class DisputeView:
    """A payment that the customer's bank wants back: whole minor units; evidence is taken until `evidence_due_at`."""

    invoice_id: int
    invoice: str
    amount: int
    currency: str
    status: str
    opened_at: datetime
    evidence_due_at: datetime | None


def open_disputes(org_id: int) -> list[DisputeView]:
    """What the bank has not decided yet, newest first."""
    found = Dispute.objects.filter(attempt__invoice__organization_id=org_id, closed_at=None)
    return [DisputeView(d.attempt.invoice_id, d.attempt.invoice.label, d.amount, d.currency, d.status, d.opened_at,
                        d.evidence_due_at) for d in found.select_related("attempt__invoice") if d.attempt]


def line_events(org_id: int, invoice_id: int, line: int, *, cursor: str | None = None,
                limit: int = 50) -> selectors.EventPage:
    """The single calls behind line number `line` (from 0) of an issued invoice, newest first, a page at a time: what
    had come when it was issued; for a late line what came since the invoice before."""
    invoice = Invoice.objects.filter(organization_id=org_id, pk=invoice_id).exclude(status="draft").first()
    lines = list(invoice.lines.all()) if invoice else []
    if invoice is None or not 0 <= line < len(lines) or not lines[line].model:
        raise Problem("not_found")
    return selectors.page_of_events(_behind(invoice, lines[line]), cursor=cursor, limit=limit)


def _behind(invoice: Invoice, line: Any) -> Any:
    anchor = invoice.account.anchor_day
    found = UsageEvent.objects.filter(
        org_id=invoice.organization_id, mode="live", model=line.model, unit=line.unit,
        occurred_at__gte=periods.starts(line.period_start),
        occurred_at__lt=periods.starts(periods.next_month(line.period_start, anchor)))
    if line.price_version <= services.SCHEDULED_FROM:
        found = found.filter(price_version=line.price_version)
    if invoice.cut_at:
        found = found.filter(ingested_at__lte=invoice.cut_at)
    if line.type == "late":
        before = (Invoice.objects.filter(account_id=invoice.account_id, kind="usage", number__lt=invoice.number)
                  .order_by("-number").values_list("cut_at", flat=True).first())
        if before:
            found = found.filter(ingested_at__gt=before)
    return found


def invoice_pdf(org_id: int, invoice_id: int) -> bytes:
    """The issued invoice as PDF, the same bytes every time."""
    return documents.as_pdf(selectors.invoice(org_id, invoice_id), sandbox=is_sandbox())


def invoice_csv(org_id: int, invoice_id: int) -> bytes:
    """Its lines as CSV; they add up to its total."""
    return documents.as_csv(selectors.invoice(org_id, invoice_id))


def invoice_json(org_id: int, invoice_id: int) -> bytes:
    """Its lines and sums as JSON."""
    return documents.as_json(selectors.invoice(org_id, invoice_id))


@dataclass(frozen=True, slots=True)
class Desk:
    """What staff must look at: attempts whose outcome nobody knows, events that failed, days that don't agree."""

    stuck: tuple[AttemptView, ...]
    open_events: tuple[tuple[str, str, str, int], ...]  # id, type, error, tries
    disagreeing_days: tuple[date, ...]


def staff_desk() -> Desk:
    """Over all organizations; for staff only."""
    stuck = PaymentAttempt.objects.filter(Q(status="stuck") | Q(status="sending", sends__gt=3)).order_by("created_at")
    events = WebhookEvent.objects.filter(handled_at__isnull=True, tries__gt=0).order_by("-pk")[:100]
    days = ReconciliationDay.objects.exclude(differences=[]).order_by("-day").values_list("day", flat=True)
    return Desk(
        tuple(AttemptView(str(a.pk), a.number, a.amount, a.status, a.error_code, a.error, a.created_at) for a in stuck),
        tuple((e.event_id, e.type, e.error, e.tries) for e in events), tuple(days))


@dataclass(frozen=True, slots=True)
class WebhookView:
    """A stored event: `how` it came (webhook, or sweep for one that got lost) and what became of it."""

    event_id: str
    type: str
    object_id: str
    how: str
    received_at: datetime
    handled_at: datetime | None
    tries: int
    error: str


def webhook_log(*, limit: int = 100, open_only: bool = False) -> list[WebhookView]:
    """Stripe's events, newest first; for staff only. `webhooks.replay` handles one again."""
    found = WebhookEvent.objects.order_by("-pk")
    if open_only:
        found = found.filter(handled_at__isnull=True)
    return [WebhookView(e.event_id, e.type, e.object_id, e.how, e.received_at, e.handled_at, e.tries, e.error)
            for e in found[:limit]]


@dataclass(frozen=True, slots=True)
class DayView:
    """A day of Stripe's balance against our books: each difference names the movement and what is wrong with it."""

    day: date
    movements: int
    matched: int
    differences: tuple[dict[str, str], ...]
    checked_at: datetime


def reconciliation_board(limit: int = 31) -> list[DayView]:
    """The last days, newest first; for staff only."""
    return [DayView(d.day, d.movements, d.matched, tuple(d.differences), d.checked_at)
            for d in ReconciliationDay.objects.order_by("-day")[:limit]]


__all__ = ["AccountView", "AttemptView", "Calculation", "CardView", "DayView", "Desk", "DisputeView", "NoteView",
           "Plan", "PlanView", "WebhookView", "billing_account", "calculate", "credit_notes",
           "invoice_attempts", "invoice_csv", "invoice_json", "invoice_pdf", "line_events", "open_disputes",
           "payment_methods", "plans", "public_plans", "reconciliation_board", "staff_desk", "webhook_log"]
