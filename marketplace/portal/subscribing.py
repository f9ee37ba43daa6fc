"""Whether a person's organization may call a model."""

from __future__ import annotations

from typing import Any

from marketplace.accounts import selectors as accounts
from marketplace.listings import selectors as listings


def subscribed(user: Any, model: str) -> bool:
    org = accounts.organization_of(user) if user.is_authenticated else None
    return org is not None and listings.subscription(org, model) is not None
