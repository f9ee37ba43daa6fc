"""Beat's hints: each task only says "go and scan". Losing one or running it twice changes nothing."""

from __future__ import annotations

import logging

from celery import shared_task

from billing import services

log = logging.getLogger(__name__)

# For config's beat: task → seconds between runs.
SCHEDULE = {"billing.close_due_periods": 600, "billing.reconcile": 60, "billing.mark_past_due": 3600,
            "billing.verify": 3600}


@shared_task(name="billing.close_due_periods")
def close_due_periods() -> int:
    return services.close_due_periods()


@shared_task(name="billing.reconcile")
def reconcile() -> int:
    return services.reconcile_quotas()


@shared_task(name="billing.mark_past_due")
def mark_past_due() -> int:
    return services.mark_past_due()


@shared_task(name="billing.verify")
def verify() -> bool:
    """A ledger that disagrees with its own sums is an incident: the log line is what alerts watch."""
    check = services.verify_ledger()
    if not check.sound:
        log.error("the ledger is not sound: %d hours differ, mispriced %s", len(check.differences), check.mispriced)
    return check.sound
