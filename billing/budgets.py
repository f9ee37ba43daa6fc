"""Budgets: what an organization or one of its keys means to spend in a day or a month.

A hard budget goes into the grants, where the meter holds every call against it. Both kinds fire an alert for each
threshold, once a window: a letter in the same transaction, and the fact `BudgetReached` after it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Sum

from billing import selectors, services
from billing.meter import span
from billing.models import AlertFired, Budget, Mail, UsageRollupHour
from kernel import bus, clock
from kernel.contracts import Limit
from kernel.facts import BudgetReached, GrantsChanged
from kernel.money import EXPONENTS
from kernel.problems import FieldError, Problem

log = logging.getLogger(__name__)

MAX_BUDGETS = 100
MAX_THRESHOLDS = 10
DEFAULT_THRESHOLDS = (50, 80, 100)


@dataclass(frozen=True, slots=True)
class AlertView:
    budget_id: int
    period_start: date
    threshold: int
    spent_minor: Decimal
    fired_at: datetime


@dataclass(frozen=True, slots=True)
class BudgetView:
    """A budget and how it stands in its present window; `spent_minor` exact, before included units and rounding."""

    id: int
    name: str
    key_id: int | None
    window: str
    amount_minor: int
    hard: bool
    thresholds: tuple[int, ...]
    currency: str
    spent_minor: Decimal
    period_start: date
    alerts: tuple[AlertView, ...]  # of the present window


# ---------------------------------------------------------------- services

@transaction.atomic
def create_budget(*, org_id: int, name: str, amount_minor: int, window: Literal["day", "month"] = "month",
                  hard: bool = False, thresholds: tuple[int, ...] = DEFAULT_THRESHOLDS,
                  key_id: int | None = None) -> BudgetView:
    """A new budget; a hard one binds as soon as the grants are rewritten. Raises validation_error or conflict."""
    account = services.open_account(org_id=org_id)
    _check(name=name, amount_minor=amount_minor, window=window, thresholds=thresholds)
    if _active(org_id).count() >= MAX_BUDGETS:
        raise Problem("conflict", f"an organization has at most {MAX_BUDGETS} budgets")
    budget = Budget.objects.create(organization_id=org_id, key_id=key_id, name=name.strip(), window=window,
                                   amount_minor=amount_minor, hard=hard, thresholds=sorted(set(thresholds)))
    _grants_changed(org_id)
    return _view(budget, account.currency)


@transaction.atomic
def change_budget(*, org_id: int, budget_id: int, name: str | None = None, amount_minor: int | None = None,
                  hard: bool | None = None, thresholds: tuple[int, ...] | None = None) -> BudgetView:
    """Changes what is given. Alerts that fired in this window stay fired."""
    budget = _own(org_id, budget_id)
    budget.name = budget.name if name is None else name.strip()
    budget.amount_minor = budget.amount_minor if amount_minor is None else amount_minor
    budget.hard = budget.hard if hard is None else hard
    budget.thresholds = budget.thresholds if thresholds is None else sorted(set(thresholds))
    _check(name=budget.name, amount_minor=budget.amount_minor, window=budget.window,
           thresholds=tuple(budget.thresholds))
    budget.save(update_fields=["name", "amount_minor", "hard", "thresholds"])
    _grants_changed(org_id)
    return _view(budget, services.open_account(org_id=org_id).currency)


@transaction.atomic
def remove_budget(*, org_id: int, budget_id: int) -> None:
    """It limits and tells nothing any more; its alerts stay in the history."""
    budget = _own(org_id, budget_id)
    budget.removed_at = clock.now()
    budget.save(update_fields=["removed_at"])
    _grants_changed(org_id)


def fire_alerts() -> int:
    """Compares every budget with what was spent and tells each threshold that was reached; returns how many. Safe to
    run anywhere, at any time: what was told already is not told again."""
    fired = 0
    for budget in Budget.objects.filter(removed_at=None).iterator():
        try:
            fired += _fire(budget)
        except Exception:
            log.exception("the alerts of budget %s failed", budget.pk)
    return fired


# ---------------------------------------------------------------- selectors

def budgets(org_id: int) -> list[BudgetView]:
    """The organization's budgets, oldest first."""
    account = selectors.account_of(org_id)
    return [_view(budget, account.currency if account else "USD") for budget in _active(org_id)]


def budget(org_id: int, budget_id: int) -> BudgetView:
    """One of them; anybody else's is not found."""
    account = selectors.account_of(org_id)
    return _view(_own(org_id, budget_id), account.currency if account else "USD")


def alerts(org_id: int, *, limit: int = 100) -> list[AlertView]:
    """What fired, newest first, of removed budgets too."""
    return [_alert(alert) for alert in AlertFired.objects.filter(budget__organization_id=org_id)[:limit]]


def hard_limits(org_id: int) -> dict[int | None, tuple[Limit, ...]]:
    """For grants: key id → the limits of its hard budgets; None → those of the whole organization."""
    found: dict[int | None, list[Limit]] = defaultdict(list)
    for one in _active(org_id).filter(hard=True):
        scope: Literal["org", "key"] = "org" if one.key_id is None else "key"
        window: Literal["day", "month"] = "day" if one.window == "day" else "month"
        found[one.key_id].append(Limit(scope, window, one.amount_minor))
    return {key_id: tuple(limits) for key_id, limits in found.items()}


# ---------------------------------------------------------------- inside

def _fire(budget: Budget) -> int:
    spent, begins, fired = _spent(budget), _period(budget), 0
    for threshold in budget.thresholds:
        if spent * 100 < budget.amount_minor * threshold or spent == 0:
            continue
        with transaction.atomic():
            alert, fresh = AlertFired.objects.get_or_create(
                budget=budget, period_start=begins, threshold=threshold, defaults={"spent_minor": spent})
            if fresh:
                _tell(budget, alert)
                fired += 1
    return fired


def _tell(budget: Budget, alert: AlertFired) -> None:
    account = services.open_account(org_id=budget.organization_id)
    whose = "your organization" if budget.key_id is None else f"the API key {budget.key_id}"
    kind = "No further call is admitted past it." if budget.hard else "Calls go on: it is a soft budget."
    body = (f"{alert.threshold} % of the {budget.window}'s budget “{budget.name}” of {whose} are used: "
            f"{_text(alert.spent_minor, account.currency)} of {_text(Decimal(budget.amount_minor), account.currency)}, "
            f"in the {budget.window} that began on {alert.period_start}.\n\n{kind}\n\n"
            f"{settings.ENV.public_url}/console/billing/\n\n– Tessera\n")
    Mail.objects.get_or_create(ref=f"budget-{budget.pk}-{alert.period_start}-{alert.threshold}", defaults={
        "account": account, "subject": f"Budget “{budget.name}”: {alert.threshold} % are used"[:200], "body": body})
    fact = BudgetReached(budget.organization_id, budget.pk, alert.threshold, str(alert.period_start), budget.hard)
    transaction.on_commit(lambda: bus.publish(fact))


def _text(amount: Decimal, currency: str) -> str:
    digits = EXPONENTS[currency]
    return f"{amount.scaleb(-digits):,.{digits}f} {currency}"


def _period(budget: Budget) -> date:
    return span(budget.window, clock.now())[1].date()


def _spent(budget: Budget) -> Decimal:
    _, begins, ends = span(budget.window, clock.now())
    found = UsageRollupHour.objects.filter(org_id=budget.organization_id, mode="live", hour__gte=begins, hour__lt=ends)
    if budget.key_id is not None:
        found = found.filter(key_id=budget.key_id)
    return found.aggregate(all=Sum("amount"))["all"] or Decimal(0)


def _active(org_id: int) -> QuerySet[Budget]:
    return Budget.objects.filter(organization_id=org_id, removed_at=None)


def _own(org_id: int, budget_id: int) -> Budget:
    found = _active(org_id).filter(pk=budget_id).first()
    if found is None:
        raise Problem("not_found")
    return found


def _view(budget: Budget, currency: str) -> BudgetView:
    begins = _period(budget)
    fired = tuple(_alert(alert) for alert in budget.alerts.filter(period_start=begins))
    return BudgetView(budget.pk, budget.name, budget.key_id, budget.window, budget.amount_minor, budget.hard,
                      tuple(budget.thresholds), currency, _spent(budget), begins, fired)


def _alert(alert: AlertFired) -> AlertView:
    return AlertView(alert.budget_id, alert.period_start, alert.threshold, alert.spent_minor, alert.fired_at)


def _check(*, name: str, amount_minor: int, window: str, thresholds: tuple[int, ...]) -> None:
    faults = [
        (not 0 < len(name.strip()) <= 80, "name", "1 to 80 characters"),
        (not 0 <= amount_minor < 1 << 53, "amount", "0 or more"),
        (window not in ("day", "month"), "window", "day or month"),
        (len(thresholds) > MAX_THRESHOLDS or any(type(t) is not int or not 1 <= t <= 1000 for t in thresholds),
         "thresholds", f"up to {MAX_THRESHOLDS} percents from 1 to 1000"),
    ]
    errors = [FieldError(f"/{field}", detail) for wrong, field, detail in faults if wrong]
    if errors:
        raise Problem("validation_error", "this budget can't be", errors=errors)


def _grants_changed(org_id: int) -> None:
    transaction.on_commit(lambda: bus.publish(GrantsChanged(org_id)))
