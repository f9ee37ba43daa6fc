"""Reads of billing. Every one names its organization; what leaves the package is a frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

from django.db import connection, models
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.db.models.functions import TruncDay, TruncMonth

from billing import periods, pricing, rating, statement
from billing.models import (
    BillingAccount,
    CreditGrant,
    Invoice,
    Plan,
    Price,
    UsageEvent,
    UsagePeriod,
    UsageRollupHour,
)
from kernel import clock, paging
from kernel.problems import Problem

GroupBy = Literal["model", "key", "hour", "day"]
POOL = "pool:"  # a pool's own price is kept under this prefix and its code


BLOCKED_RATE, BLOCKED_CONCURRENCY = 60, 2  # calls a minute, and at once, of a softly blocked account


@dataclass(frozen=True, slots=True)
class UsageSum:
    """Usage of one group: a model's name, a key's id, or the start of an hour or a day (ISO 8601)."""

    group: str
    unit: str
    units: int
    events: int
    amount_minor: Decimal  # before included units and tiers
    currency: str


@dataclass(frozen=True, slots=True)
class EventView:
    event_id: UUID
    key_id: int
    model: str
    version: int
    unit: str
    units: int
    price_version: int
    unit_amount: Decimal
    currency: str
    mode: str
    occurred_at: datetime
    latency_ms: int
    source: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class EventPage:
    data: tuple[EventView, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """An invoice, or with id "draft" what one would be now. All amounts in whole minor units."""

    id: str
    number: str
    status: str
    currency: str
    period_start: date
    period_end: date
    plan: str
    lines: tuple[statement.Line, ...]
    subtotal: int
    discount: int
    credit: int
    tax: int
    total: int
    amount_paid: int
    issued_at: datetime | None
    due_at: datetime | None
    paid_at: datetime | None
    kind: str = "usage"
    tax_percent: Decimal = Decimal(0)
    bill_to: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spend:
    """What a month has cost so far, as its invoice would say, and what it will cost if it goes on like this."""

    currency: str
    spent_minor: int
    forecast_minor: int
    limit_minor: int | None
    calls: int
    calls_limit: int | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Limits:
    """What an organization's plan and purse put into its grants."""

    plan: str
    plan_name: str
    currency: str
    rate_per_minute: int
    concurrency: int
    monthly_units: int | None
    monthly_limit_minor: int | None
    prepaid_minor: int | None  # what may be spent in all by who pays in advance


@dataclass(frozen=True, slots=True)
class Quote:
    """What `units` more would cost this month; `amount_minor` is exact, before the rounding of the invoice's line."""

    model: str
    unit: str
    units: int
    used: int
    included_left: int
    unit_amount: Decimal
    amount_minor: Decimal
    currency: str


def account_of(org_id: int) -> BillingAccount | None:
    return BillingAccount.objects.select_related("plan").filter(organization_id=org_id).first()


def limits(org_id: int) -> Limits | None:
    """For the grants of an organization; None before its account is opened."""
    account = account_of(org_id)
    if account is None:
        return None
    plan = account.plan
    rate, concurrency = plan.rate_per_minute, plan.concurrency
    if account.state == BillingAccount.State.BLOCKED:  # softly: work goes on, slowly
        rate, concurrency = min(rate, BLOCKED_RATE), min(concurrency, BLOCKED_CONCURRENCY)
    return Limits(plan.code, plan.name, account.currency, rate, concurrency, plan.monthly_units, account.limit_minor,
                  prepaid_limit(account))


def prepaid_limit(account: BillingAccount) -> int | None:
    """What all live usage ever may add up to, whole minor units before tax: what was used so far, and the credit that
    is left after everything used but not billed yet. None on a plan that does not pay in advance.

    Usage is read before what is owed for it, and that before the credit: whatever happens in between makes this less,
    never more.
    """
    if account.plan.kind != Plan.Kind.PREPAID:
        return None
    found = UsageRollupHour.objects.filter(org_id=account.organization_id, mode="live").aggregate(n=Sum("amount"))["n"]
    used, owed = found or Decimal(0), unbilled_minor(account)
    # The meter counts without tax, credit pays with it.
    with_tax = 100 + (account.tax_rate.percent if account.tax_rate else Decimal(0))
    return max(0, rating.round_half_up(max(used, Decimal(0))) + int(credit_balance(account) * 100 // with_tax) - owed)


def unbilled_minor(account: BillingAccount) -> int:
    """What all usage without an issued invoice would cost, before tax and credit."""
    current = periods.this_month(account.anchor_day)
    months = {*unbilled_months(account.organization_id, current), current}
    # The late lines of billed months stand on the draft of every open month: each counts once.
    lines = {(line.type, line.month, line.model, line.unit, line.price_version): line.amount
             for month in months for line in invoice_lines(account, month) if line.type != "carry_in"}
    return max(0, account.carried_minor + sum(lines.values()))


def usage(org_id: int, *, since: datetime, until: datetime, group_by: GroupBy = "model", mode: str = "live",
          model: str | None = None, key_id: int | None = None) -> list[UsageSum]:
    """Sums of the hours that begin in [since, until), from the hourly rollups; units and currencies stay apart."""
    found = UsageRollupHour.objects.filter(org_id=org_id, hour__gte=since, hour__lt=until, mode=mode)
    if model is not None:
        found = found.filter(model=model)
    if key_id is not None:
        found = found.filter(key_id=key_id)
    group: dict[str, object] = {
        "model": models.F("model"), "key": models.F("key_id"), "hour": models.F("hour"),
        "day": TruncDay("hour", tzinfo=UTC)}
    rows = (found.annotate(of=group[group_by]).order_by().values("of", "unit", "currency")
            .annotate(all_units=Sum("units"), all_events=Sum("events"), all_amount=Sum("amount"))
            .order_by("of", "unit", "currency"))
    return [UsageSum(row["of"].isoformat() if isinstance(row["of"], datetime) else str(row["of"]), row["unit"],
                     int(row["all_units"]), row["all_events"], row["all_amount"], row["currency"]) for row in rows]


def last_use(org_id: int) -> dict[int, datetime]:
    """Key id → the hour of its last call in the last 90 days, from the hourly rollups."""
    since = clock.now() - timedelta(days=90)
    rows = (UsageRollupHour.objects.filter(org_id=org_id, hour__gte=since).order_by().values("key_id")
            .annotate(last=Max("hour")))
    return {row["key_id"]: row["last"] for row in rows}


def events(org_id: int, *, since: datetime | None = None, until: datetime | None = None, model: str | None = None,
           key_id: int | None = None, mode: str | None = None, cursor: str | None = None, limit: int = 50) -> EventPage:
    """Single ledger entries, newest first, a page at a time."""
    found = UsageEvent.objects.filter(org_id=org_id)
    narrow = {"occurred_at__gte": since, "occurred_at__lt": until, "model": model, "key_id": key_id, "mode": mode}
    found = found.filter(**{name: value for name, value in narrow.items() if value is not None})
    return page_of_events(found, cursor=cursor, limit=limit)


def page_of_events(found: QuerySet[UsageEvent], *, cursor: str | None, limit: int) -> EventPage:
    """A page of ledger entries that the caller narrowed to one organization, newest first."""
    if after := paging.read_cursor(cursor, paging.moment, UUID):
        moment, event_id = after
        found = found.filter(Q(occurred_at__lt=moment) | Q(occurred_at=moment, event_id__lt=event_id),
                             occurred_at__lte=moment)
    rows = list(found.order_by("-occurred_at", "-event_id")[: limit + 1])
    page = paging.Page.of(rows, limit, lambda row: paging.write_cursor(row.occurred_at.isoformat(), row.event_id))
    return EventPage(tuple(_event(row) for row in page.items), page.next_cursor)


def draft_invoice(org_id: int, period: date | None = None) -> InvoiceView:
    """What the invoice of a month would be if it closed now: usage, late usage of billed months, what was carried.

    Test-mode usage is free and never on an invoice; `usage(mode="test")` shows it.
    """
    account = account_of(org_id)
    if account is None:
        raise Problem("not_found")
    month = period or periods.this_month(account.anchor_day)
    now = conclude(account, month)
    following = periods.next_month(month, account.anchor_day)
    return InvoiceView("draft", "draft", "draft", account.currency, month, following,
                       plan_of(account, month).code, now.lines, now.subtotal, now.discount, now.credit, now.tax,
                       now.total, 0, None, None, None)


def conclude(account: BillingAccount, month: date, *, with_carry_out: bool = False) -> statement.Statement:
    """The lines and the arithmetic of a month's invoice as it would be issued now.

    A draft shows what a small month costs; `with_carry_out` moves it on, as the issued invoice does.
    """
    plan = plan_of(account, month)
    applied = [one.coupon for one in account.coupons.filter(left__gt=0).select_related("coupon").order_by("pk")]
    commitment = 0
    if plan.kind == Plan.Kind.COMMITTED and (account.plan_since is None or account.plan_since <= month):
        commitment = next((c.minor for c in plan.commitments.all() if c.currency == account.currency), 0)
    terms = statement.Terms(
        account.currency, plan.discount_percent, commitment,
        tuple(coupon.percent for coupon in applied if coupon.percent is not None),
        sum(coupon.minor for coupon in applied if coupon.minor and coupon.currency == account.currency),
        account.tax_rate.percent if account.tax_rate else Decimal(0), credit_balance(account),
        prepaid=plan.kind == Plan.Kind.PREPAID)
    return statement.conclude(invoice_lines(account, month), terms, month=month, moves=with_carry_out)


def plan_of(account: BillingAccount, month: date) -> Plan:
    """The plan that a month is billed under: the open draft's where there is one, else the present one."""
    draft = (Invoice.objects.select_related("plan").prefetch_related("plan__commitments")
             .filter(account=account, period_start=month, kind="usage", status=Invoice.Status.DRAFT).first())
    return draft.plan if draft else account.plan


def credit_balance(account: BillingAccount) -> int:
    """Credit that can be used now. What expired is there until it is swept, and as far as usage has consumed it."""
    return int(CreditGrant.objects.filter(account=account, currency=account.currency, balance__gt=0)
               .aggregate(n=Sum("balance"))["n"] or 0)


def invoice_lines(account: BillingAccount, month: date) -> list[statement.Line]:
    """The lines of a month's invoice before `carry_out`: they explain every live unit that is not billed yet."""
    anchor = account.anchor_day
    totals = monthly_totals(account.organization_id, until=periods.next_month(month, anchor), anchor=anchor)
    statement.refuse_foreign(totals, account.currency)
    issued = {invoice.period_start: invoice.plan for invoice in account.invoices.select_related("plan")
              .filter(kind="usage").exclude(status=Invoice.Status.DRAFT)}
    billed = {(p.period_start, p.model, p.unit, p.price_version):
              statement.Billed(p.billed_units, p.billed_included, p.billed_amount) for p in account.periods.all()}
    price_of = tariffs(account.currency)
    plan_now = plan_of(account, month)
    lines: list[statement.Line] = []
    for start in sorted({total.month for total in totals if total.month == month or total.month in issued}):
        plan = issued.get(start, plan_now)
        found = statement.rated([total for total in totals if total.month == start], price_of=price_of,
                                charges_usage=plan.charges_usage)
        for key, line in found.items():
            if start not in issued:
                lines.append(line)
            elif late := statement.difference(line, billed.get(key, statement.Billed())):
                lines.append(late)
    if account.carried_minor:
        lines.append(statement.carried(account.carried_minor, type="carry_in", month=month))
    return sorted(lines, key=lambda line: (line.type == "carry_in", line.month != month, line.month, line.model,
                                           line.unit, line.price_version))


def monthly_totals(org_id: int, *, until: date, anchor: int = 1) -> list[statement.Total]:
    """Live usage by period, model and price version, up to and without the day `until`."""
    month: models.Expression = TruncMonth("hour", tzinfo=UTC)
    if anchor != 1:
        month = models.Func(models.F("hour"), models.Value(anchor), function="billing_period_start",
                            output_field=models.DateTimeField())
    rows = (UsageRollupHour.objects.filter(org_id=org_id, mode="live", hour__lt=periods.starts(until))
            .annotate(month=month).order_by()
            .values("month", "model", "unit", "price_version", "currency")
            .annotate(all_units=Sum("units"), all_amount=Sum("amount")))
    return [statement.Total(row["month"].date(), row["model"], row["unit"], row["price_version"],
                            int(row["all_units"]), row["all_amount"], row["currency"]) for row in rows]


def tariffs(currency: str) -> statement.PriceOf:
    """Looks a price up: one that billing scheduled for the period, else the one kept for the recorded version, else
    the price book's. Remembers what it found while a statement is made."""
    known: dict[tuple[str, int], tuple[str, str, rating.Tariff, str] | None] = {}
    scheduled: dict[str, list[tuple[date, int]]] = {}
    for model, start, version in (Price.objects.filter(effective_from__isnull=False, currency=currency)
                                  .order_by("effective_from", "version")
                                  .values_list("model", "effective_from", "version")):
        scheduled.setdefault(model, []).append((start, version))

    def price_of(model: str, recorded: int, unit: str, month: date) -> statement.Priced | None:
        in_force = [version for start, version in scheduled.get(model, []) if start <= month]
        version = in_force[-1] if in_force else recorded
        if (model, version) not in known:
            known[model, version] = _tariff(model, version)
        found = known[model, version]
        if found is None or found[:2] != (unit, currency):
            return None
        tariff, pool = found[2:]
        if pool:
            shared = price_of(POOL + pool, 0, unit, month)
            tariff = shared.tariff if shared else tariff
        return statement.Priced(version, tariff, pool)

    return price_of


def unbilled_months(org_id: int, before: date) -> list[date]:
    """Months that ended, have live usage and no invoice."""
    billed = set(Invoice.objects.filter(organization_id=org_id, kind="usage").exclude(status=Invoice.Status.DRAFT)
                 .values_list("period_start", flat=True))
    account = account_of(org_id)
    anchor = account.anchor_day if account else 1
    return sorted({total.month for total in monthly_totals(org_id, until=before, anchor=anchor)} - billed)


def has_late_usage(account: BillingAccount, before: date) -> bool:
    """Whether billed months gained usage or corrections since."""
    billed: dict[tuple[date, str, str], int] = {}
    for p in UsagePeriod.objects.filter(account=account):
        billed[p.period_start, p.model, p.unit] = billed.get((p.period_start, p.model, p.unit), 0) + p.billed_units
    used: dict[tuple[date, str, str], int] = {}
    for total in monthly_totals(account.organization_id, until=before, anchor=account.anchor_day):
        used[total.key[:3]] = used.get(total.key[:3], 0) + total.units
    months = set(account.invoices.filter(kind="usage").exclude(status=Invoice.Status.DRAFT)
                 .values_list("period_start", flat=True))
    return any(units != billed.get(key, 0) for key, units in used.items() if key[0] in months)


def invoices(org_id: int) -> list[InvoiceView]:
    """All issued invoices of an organization, newest first."""
    found = Invoice.objects.filter(organization_id=org_id).exclude(status=Invoice.Status.DRAFT)
    return [_invoice(invoice) for invoice in found.select_related("plan").prefetch_related("lines")]


def invoice(org_id: int, invoice_id: int) -> InvoiceView:
    """One issued invoice of this organization; anybody else's is not found."""
    found = _own(Invoice.objects.select_related("plan").prefetch_related("lines"), org_id).filter(pk=invoice_id).first()
    if found is None:
        raise Problem("not_found")
    return _invoice(found)


def spend_this_month(org_id: int) -> Spend:
    """The month to date for the console; raises not_found before an account is open."""
    account, now = account_of(org_id), clock.now()
    if account is None:
        raise Problem("not_found")
    month = periods.month_of(now, account.anchor_day)
    following = periods.next_month(month, account.anchor_day)
    spent = sum(line.amount for line in invoice_lines(account, month) if line.type == "usage")
    calls = UsageRollupHour.objects.filter(org_id=org_id, mode="live", hour__gte=periods.starts(month),
                                           hour__lt=periods.starts(following)).aggregate(n=Sum("events"))
    passed = max(now - periods.starts(month), timedelta(hours=1))
    whole = periods.starts(following) - periods.starts(month)
    forecast = spent * (whole // timedelta(seconds=1)) // (passed // timedelta(seconds=1))
    return Spend(account.currency, spent, max(spent, forecast), account.limit_minor, calls["n"] or 0,
                 account.plan.monthly_units, now)


def quote(org_id: int, *, model: str, units: int) -> Quote:
    """The price of `units` more of a model for this organization now, with what is included and the tiers reached."""
    price = pricing.listed_price(model)
    if price is None:
        raise Problem("model_not_found", f"no price is listed for {model}")
    account = account_of(org_id)
    anchor = account.anchor_day if account else 1
    month = periods.this_month(anchor)
    price_of = tariffs(price.currency)
    priced = price_of(model, price.version, price.unit, month)
    tariff = priced.tariff if priced else rating.per_unit(price.amount, included=price.free_per_month)
    used = 0
    for total in monthly_totals(org_id, until=periods.next_month(month, anchor), anchor=anchor):
        if (total.month, total.unit) != (month, price.unit):
            continue
        other = price_of(total.model, total.price_version, total.unit, month) if priced and priced.pool else None
        if total.model == model or (other and priced and other.pool == priced.pool):
            used += total.units
    more = rating.rate(tariff, used + units) - rating.rate(tariff, used)
    return Quote(model, price.unit, units, used, max(0, tariff.included - used), tariff.tiers[0].unit_amount, more,
                 price.currency)


def ledger_spend(org_id: int, month: date) -> dict[int, tuple[Decimal, int]]:
    """Key id → (exact minor units, calls) of live usage in a month: what the meter's counters must say."""
    rows = (UsageRollupHour.objects.filter(org_id=org_id, mode="live", hour__gte=periods.starts(month),
                                           hour__lt=periods.starts(periods.next_month(month)))
            .order_by().values("key_id").annotate(all_amount=Sum("amount"), all_events=Sum("events")))
    return {row["key_id"]: (row["all_amount"], row["all_events"]) for row in rows}


def ledger_counts(since: datetime, until: datetime) -> list[tuple[str, int]]:
    """Entries per model in a span, of all organizations: staff's second count against Triton's own."""
    rows = (UsageEvent.objects.filter(occurred_at__gte=since, occurred_at__lt=until, kind="usage").order_by()
            .values("model").annotate(n=Count("event_id")).order_by("model"))
    return [(row["model"], row["n"]) for row in rows]


@dataclass(frozen=True, slots=True)
class Difference:
    """An hour whose rollup does not say what its events say."""

    org_id: int
    key_id: int
    model: str
    hour: datetime
    events: tuple[int, int]  # recomputed, stored
    units: tuple[Decimal, Decimal]
    amount: tuple[Decimal, Decimal]


def rollup_differences() -> list[Difference]:
    """Recomputes every rollup from the events in one snapshot; an empty list is the proof that they agree."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT org_id, key_id, model, hour, coalesce(e.events, 0), coalesce(r.events, 0), coalesce(e.units, 0),
                coalesce(r.units, 0), coalesce(e.amount, 0), coalesce(r.amount, 0)
            FROM (SELECT org_id, key_id, model, unit, price_version, currency, mode,
                    date_trunc('hour', occurred_at, 'UTC') AS hour, count(*) AS events, sum(units) AS units,
                    sum(units * unit_amount) AS amount
                  FROM billing_usage_event GROUP BY 1, 2, 3, 4, 5, 6, 7, 8) e
            FULL JOIN billing_usage_rollup_hour r USING
                (org_id, key_id, model, unit, price_version, currency, mode, hour)
            WHERE (e.events, e.units, e.amount) IS DISTINCT FROM (r.events, r.units, r.amount)
            ORDER BY org_id, hour, model, key_id""")
        return [Difference(org, key, model, hour, (e1, e2), (u1, u2), (a1, a2))
                for org, key, model, hour, e1, e2, u1, u2, a1, a2 in cursor.fetchall()]


def plan(code: str) -> Plan | None:
    return Plan.objects.filter(code=code).first()


def _tariff(model: str, version: int) -> tuple[str, str, rating.Tariff, str] | None:
    kept = Price.objects.prefetch_related("tiers").filter(model=model, version=version).first()
    if kept is not None:
        tiers = tuple(rating.Tier(tier.up_to, tier.unit_amount, tier.flat_amount) for tier in kept.tiers.all())
        return (kept.unit, kept.currency, rating.Tariff(kept.scheme, tiers, kept.included, kept.package_size),
                kept.pool)
    listed = pricing.listed_price(model, version)
    if listed is None:
        return None
    return listed.unit, listed.currency, rating.per_unit(listed.amount, included=listed.free_per_month), ""


def _own(found: QuerySet[Invoice], org_id: int) -> QuerySet[Invoice]:
    return found.filter(organization_id=org_id).exclude(status=Invoice.Status.DRAFT)


def _invoice(row: Invoice) -> InvoiceView:
    lines = tuple(statement.Line(line.type, line.model, line.unit, line.price_version, line.period_start, line.units,
                                 line.included, line.unit_amount, line.amount) for line in row.lines.all())
    return InvoiceView(str(row.pk), row.label, row.status, row.currency, row.period_start, row.period_end,
                       row.plan.code, lines, row.subtotal, row.discount, row.credit, row.tax, row.total,
                       row.amount_paid, row.issued_at, row.due_at, row.paid_at, row.kind, row.tax_percent, row.bill_to)


def _event(row: UsageEvent) -> EventView:
    return EventView(row.event_id, row.key_id, row.model, row.version, row.unit, row.units, row.price_version,
                     row.unit_amount, row.currency, row.mode, row.occurred_at, row.latency_ms, row.source, row.kind,
                     row.reason)
