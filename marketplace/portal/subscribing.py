"""What a person's organization may call."""

from __future__ import annotations

from typing import Any

from marketplace.accounts import selectors as accounts
from marketplace.listings import selectors as listings
from marketplace.listings import trials
from model_registry import selectors as registry

FIRST = "sentiment-en"


def subscribed(user: Any, model: str) -> bool:
    org = accounts.organization_of(user) if user.is_authenticated else None
    return org is not None and listings.subscription(org, model) is not None


def request_of(user: Any, model: Any) -> tuple[bool, Any]:
    """Whether a provider must let the person's organization in before it may subscribe, and what it last asked."""
    org = accounts.organization_of(user) if user.is_authenticated else None
    if org is None:
        return registry.is_gated(model), None
    last = listings.access_requests(org).filter(model=model).first()
    return listings.needs_approval(org, model) and (last is None or last.state != "approved"), last


def first_call(names: list[str]) -> tuple[str, str]:
    """Which of these models the first call is shown with, and the field that takes its text: code that runs as it
    stands needs a model that the organization may call.
    """
    if FIRST not in names:
        for row in listings.by_names(names):
            if fields := trials.fields_for(row.model.manifest, "text"):
                return row.name, fields[0]
    return FIRST, "text"
