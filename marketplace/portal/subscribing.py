"""What a person's organization may call."""

from __future__ import annotations

from typing import Any

from marketplace.accounts import selectors as accounts
from marketplace.listings import selectors as listings
from marketplace.listings import trials

FIRST = "sentiment-en"


def subscribed(user: Any, model: str) -> bool:
    org = accounts.organization_of(user) if user.is_authenticated else None
    return org is not None and listings.subscription(org, model) is not None


def first_call(names: list[str]) -> tuple[str, str]:
    """Which of these models the first call is shown with, and the field that takes its text: code that runs as it
    stands needs a model that the organization may call.
    """
    if FIRST not in names:
        for row in listings.by_names(names):
            if fields := trials.fields_for(row.model.manifest, "text"):
                return row.name, fields[0]
    return FIRST, "text"
