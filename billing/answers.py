"""Who gave an answer that was billed: for those who learn later what came of it."""

from __future__ import annotations

from uuid import UUID

from billing.models import UsageEvent


def answered_by(event_id: UUID) -> tuple[str, int] | None:
    """The model and the version behind a ledger entry, whoever asked; None where there is no such answer."""
    return UsageEvent.objects.filter(pk=event_id).values_list("model", "version").first()
