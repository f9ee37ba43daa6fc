"""Beat's hints: each task only says "go and scan". Losing one or running it twice changes nothing."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task

from billing import (
    budgets,
    credits,
    dunning,
    invoicing,
    ledger_checks,
    mails,
    payments,
    payouts,
    purse,
    receipt_keys,
    reconciliation,
    services,
    webhooks,
)
from billing.stripe_gateway import is_set_up
from kernel import clock

log = logging.getLogger(__name__)

# For config's beat: task → seconds between runs.
SCHEDULE = {"billing.close_due_periods": 600, "billing.reconcile": 60, "billing.mark_past_due": 3600,
            "billing.verify": 3600, "billing.credit": 60, "billing.collect": 20, "billing.webhooks": 15,
            "billing.sweep_webhooks": 900, "billing.dunning": 300, "billing.payouts": 3600, "billing.mails": 30,
            "billing.budgets": 30, "billing.reconcile_payments": 21_600,
            "billing.receipt_key": 86_400}


@shared_task(name="billing.close_due_periods")
def close_due_periods() -> int:
    return invoicing.close_due_periods()


@shared_task(name="billing.reconcile")
def reconcile() -> int:
    return services.reconcile_quotas()


@shared_task(name="billing.mark_past_due")
def mark_past_due() -> int:
    return invoicing.mark_past_due()


@shared_task(name="billing.verify")
def verify() -> bool:
    """A ledger that disagrees with its own sums is an incident: the log line is what alerts watch."""
    check = services.verify_ledger()
    if not check.sound:
        log.error("the ledger is not sound: %d hours differ, mispriced %s", len(check.differences), check.mispriced)
    second = ledger_checks.against_triton()
    if not second.sound:
        log.error("more was billed than Triton ran: %s", [count for count in second.counts if not count.sound])
    return check.sound and second.sound


@shared_task(name="billing.budgets")
def fire_budget_alerts() -> int:
    return budgets.fire_alerts()


@shared_task(name="billing.credit")
def credit() -> int:
    """Expiries, prepaid limits and automatic top-ups."""
    expired = credits.expire_due()
    return expired + purse.refresh() + (payments.recharge() if is_set_up() else 0)


@shared_task(name="billing.collect")
def collect() -> int:
    """New attempts, attempts without an answer, refunds."""
    if not is_set_up():
        return 0
    return payments.sweep_attempts() + payments.collect_due() + payments.send_refunds()


@shared_task(name="billing.webhooks")
def handle_webhooks() -> int:
    return webhooks.handle_open() if is_set_up() else 0


@shared_task(name="billing.sweep_webhooks")
def sweep_webhooks() -> int:
    return webhooks.sweep_lost() if is_set_up() else 0


@shared_task(name="billing.dunning")
def run_dunning() -> int:
    return dunning.run()


@shared_task(name="billing.payouts")
def run_payouts() -> int:
    return payouts.run() if is_set_up() else 0


@shared_task(name="billing.mails")
def send_mails() -> int:
    return mails.send_waiting()


@shared_task(name="billing.receipt_key")
def replace_receipt_key() -> bool:
    return receipt_keys.replace_due()


@shared_task(name="billing.reconcile_payments")
def reconcile_payments() -> int:
    """Yesterday and today so far; returns the number of differences."""
    if not is_set_up():
        return 0
    today = clock.now().date()
    return sum(len(reconciliation.check_day(day).differences) for day in (today - timedelta(days=1), today))
