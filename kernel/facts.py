"""What packages tell each other after commit. Listeners are wired in config/wiring.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class GrantsChanged:
    """Keys, roles, subscriptions or limits of an organization changed: its grant snapshots are stale."""

    org_id: int


@dataclass(frozen=True, slots=True)
class SubscriptionChanged:
    """An organization subscribed to a model or left it."""

    org_id: int
    model: str
    active: bool


@dataclass(frozen=True, slots=True)
class VersionPublished:
    """A model version went live (or its price, traffic or deployment changed): its route is stale."""

    model: str
    version: int


@dataclass(frozen=True, slots=True)
class RegistryActed:
    """Somebody did something to an organization's models: for its audit trail, in the transaction of the act.

    `actor` is the member or key of the request; None is the platform itself.
    """

    org_id: int
    actor: object
    action: str
    target: str
    after: dict[str, object]


@dataclass(frozen=True, slots=True)
class AccountStateChanged:
    """Billing found an organization "active", "past_due" (owing; softly blocked in time) or "suspended"."""

    org_id: int
    state: Literal["active", "past_due", "suspended"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AccountClosed:
    """An organization was closed for good: what names it or its people elsewhere is to be forgotten."""

    org_id: int


@dataclass(frozen=True, slots=True)
class BudgetReached:
    """What was spent reached `threshold` percent of a budget, in the window that began on `period_start` (ISO date)."""

    org_id: int
    budget_id: int
    threshold: int
    period_start: str
    hard: bool


@dataclass(frozen=True, slots=True)
class InvoicePaid:
    org_id: int
    invoice_id: int
