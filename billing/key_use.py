"""When each API key was last used, by the ledger."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max

from billing.models import UsageEvent


def last_uses(*, since: datetime) -> dict[int, datetime]:
    """Key id → admission of its newest delivered call since a moment, of every organization: for the platform's own
    loops, never for an answer."""
    found = UsageEvent.objects.filter(occurred_at__gte=since, kind="usage").order_by()
    return dict(found.values_list("key_id").annotate(Max("occurred_at")))
