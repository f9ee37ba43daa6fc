"""What billing does: opens accounts, sets plans, prices and limits, corrects usage, sets the meter right.

Time is `kernel.clock`; every change of state happens under a row lock; facts are published after commit.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F

from billing import ledger, ledger_reads, periods, purse, rating, selectors
from billing.models import (
    BillingAccount,
    Plan,
    PlanCommitment,
    Price,
    PriceTier,
    TaxRate,
    UsageEvent,
    UsageRollupHour,
)
from kernel import bus, contracts
from kernel.facts import GrantsChanged
from kernel.ids import uuid7
from kernel.problems import Problem

log = logging.getLogger(__name__)

PLANS: dict[str, dict[str, object]] = {
    "free": {"name": "Free", "kind": "free", "charges_usage": False, "monthly_units": 1_000, "rate_per_minute": 60,
             "concurrency": 4},
    "pay_as_you_go": {"name": "Pay as you go", "kind": "pay_as_you_go", "charges_usage": True, "monthly_units": None,
                      "rate_per_minute": 600, "concurrency": 16},
    "prepaid": {"name": "Prepaid credit", "kind": "prepaid", "charges_usage": True, "monthly_units": None,
                "rate_per_minute": 600, "concurrency": 16},
    "committed": {"name": "Committed", "kind": "committed", "charges_usage": True, "monthly_units": None,
                  "rate_per_minute": 3_000, "concurrency": 64, "discount_percent": Decimal(20)},
}
# What a committed plan costs at least, in minor units of each currency.
COMMITMENTS = {"committed": {"USD": 500_00, "EUR": 500_00, "GBP": 400_00, "CNY": 3_500_00, "JPY": 75_000,
                             "KWD": 150_000}}
SCHEDULED_FROM = 1_000_000  # versions of prices that billing schedules: above any that the registry numbers


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
    account.plan, account.plan_since = _plan(plan), periods.this_month(account.anchor_day)
    account.save(update_fields=["plan", "plan_since"])
    purse.moved(account)
    return account


@transaction.atomic
def choose_plan(*, org_id: int, plan: str) -> BillingAccount:
    """A customer's change of plan: from the free plan at once, otherwise with the next period. Choosing the present
    plan takes a pending change back."""
    account = BillingAccount.objects.select_for_update().get(pk=open_account(org_id=org_id).pk)
    wanted = _plan(plan)
    if wanted.kind == Plan.Kind.COMMITTED and not account.default_method:
        raise Problem("invalid_state", "save a card first")
    account.next_plan, account.next_plan_from = None, None
    if wanted.pk != account.plan_id:
        this = periods.this_month(account.anchor_day)
        if account.plan.kind == Plan.Kind.FREE and wanted.kind != Plan.Kind.COMMITTED:
            account.plan, account.plan_since = wanted, this
        else:
            account.next_plan, account.next_plan_from = wanted, periods.next_month(this, account.anchor_day)
    account.save(update_fields=["plan", "plan_since", "next_plan", "next_plan_from"])
    purse.moved(account)
    return account


@transaction.atomic
def set_billing_details(*, org_id: int, email: str = "", legal_name: str = "", address: str = "",
                        tax_id: str = "") -> BillingAccount:
    """Whom bills go to and what they say; invoices that are issued keep what they said."""
    account = BillingAccount.objects.select_for_update().get(pk=open_account(org_id=org_id).pk)
    account.email, account.legal_name = email.strip()[:254], legal_name.strip()[:200]
    account.address, account.tax_id = address.strip()[:1000], tax_id.strip()[:40]
    account.save(update_fields=["email", "legal_name", "address", "tax_id"])
    return account


@transaction.atomic
def set_tax_rate(*, org_id: int, code: str, name: str = "", percent: Decimal = Decimal(0)) -> BillingAccount:
    """The rate that is added to this account's invoices from now on; an unknown code makes a new rate."""
    account = BillingAccount.objects.select_for_update().get(pk=open_account(org_id=org_id).pk)
    rate, _ = TaxRate.objects.get_or_create(code=code, defaults={"name": name or code, "percent": percent})
    account.tax_rate = rate
    account.save(update_fields=["tax_rate"])
    purse.moved(account)
    return account


@transaction.atomic
def schedule_price(*, model: str, unit: str, currency: str, tiers: list[tuple[int | None, Decimal, Decimal]],
                   scheme: str = "per_unit", included: int = 0, package_size: int = 1, pool: str = "",
                   effective_from: date | None = None) -> Price:
    """A price that rates whole periods from the next calendar month (or a later first day of one) on. What has begun
    keeps its price. `model` may be ``pool:{code}``; models join that pool by `pool`."""
    earliest = periods.next_month(periods.this_month())
    start = effective_from or earliest
    if start < earliest or start.day != 1:
        raise Problem("validation_error", f"a price begins with a month, {earliest:%Y-%m-%d} or later")
    last = Price.objects.filter(model=model, version__gt=SCHEDULED_FROM).order_by("-version").first()
    version = (last.version if last else SCHEDULED_FROM) + 1
    return record_price(model=model, version=version, unit=unit, currency=currency, tiers=tiers, scheme=scheme,
                        included=included, package_size=package_size, pool=pool, effective_from=start)


@transaction.atomic
def set_limit(*, org_id: int, limit_minor: int | None) -> BillingAccount:
    """Sets or lifts the hard money limit of a month; it binds once the organization's grants are rebuilt."""
    if limit_minor is not None and limit_minor < 0:
        raise Problem("validation_error", "a limit is 0 or more")
    account = BillingAccount.objects.select_for_update().get(pk=open_account(org_id=org_id).pk)
    account.limit_minor = limit_minor
    account.save(update_fields=["limit_minor"])
    fact = GrantsChanged(org_id)
    transaction.on_commit(lambda: bus.publish(fact))
    return account


@transaction.atomic
def record_price(*, model: str, version: int, unit: str, currency: str,
                 tiers: list[tuple[int | None, Decimal, Decimal]], scheme: str = "per_unit", included: int = 0,
                 package_size: int = 1, pool: str = "", effective_from: date | None = None) -> Price:
    """Fixes what a price version costs; recording the same one again returns it. Tiers are (up_to, each, flat)."""
    # Refuses what rating could not rate.
    rating.Tariff(scheme, tuple(rating.Tier(*tier) for tier in tiers), included, package_size)  # type: ignore[arg-type]
    price, created = Price.objects.get_or_create(model=model, version=version, defaults={
        "unit": unit, "currency": currency, "scheme": scheme, "included": included, "package_size": package_size,
        "pool": pool, "effective_from": effective_from})
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


def reconcile_quotas() -> int:
    """Sets the meter's counters to the ledger's sums; returns how many organizations had drifted."""
    return len({drift.org_id for drift in ledger_reads.quota_drifts(mend=True)})


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


def plan_named(code: str) -> Plan:
    """A plan of the house, made on the first call; raises validation_error for an unknown one."""
    return _plan(code)


def _plan(code: str) -> Plan:
    if code not in PLANS:
        raise Problem("validation_error", f"there is no plan {code}")
    plan, created = Plan.objects.get_or_create(code=code, defaults=PLANS[code])
    if created:
        PlanCommitment.objects.bulk_create([PlanCommitment(plan=plan, currency=currency, minor=minor)
                                            for currency, minor in COMMITMENTS.get(code, {}).items()])
    return plan
