"""What follows when an invoice is not paid: on days 1, 3, 5 and 7 one more attempt and one letter each; with the
third calls are slowed down, with the fourth keys stop. Paying ends all of it at once.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from billing import mails
from billing.models import BillingAccount, Invoice
from kernel import bus, clock
from kernel.facts import AccountStateChanged, GrantsChanged, InvoicePaid

DAYS = (1, 3, 5, 7)  # after the first refusal
BLOCK_AT, SUSPEND_AT = 3, 4  # steps


def run() -> int:
    """Takes every step that is due, each once; returns how many were taken."""
    now, taken = clock.now(), 0
    for step, days in enumerate(DAYS, start=1):
        due = Invoice.objects.filter(status=Invoice.Status.PAST_DUE, kind="usage", dunning_step__lt=step,
                                     failed_at__lte=now - timedelta(days=days))
        for invoice_id in list(due.values_list("pk", flat=True)):
            taken += _take(invoice_id, step)
    return taken


@transaction.atomic
def _take(invoice_id: int, step: int) -> int:
    invoice = (Invoice.objects.select_for_update(skip_locked=True, of=("self",)).select_related("account")
               .filter(pk=invoice_id, status=Invoice.Status.PAST_DUE, dunning_step=step - 1).first())
    if invoice is None:
        return 0
    invoice.dunning_step, invoice.next_attempt_at = step, clock.now()
    invoice.save(update_fields=["dunning_step", "next_attempt_at"])
    mails.write(account=invoice.account, ref=f"dunning-{invoice.pk}-{step}", template=f"dunning_{step}",
                invoice=invoice)
    settle_state(account_id=invoice.account_id)
    return 1


@transaction.atomic
def settle_state(*, account_id: int) -> str:
    """Sets an account's state to what its unpaid invoices say and tells those above; returns it."""
    account = BillingAccount.objects.select_for_update().get(pk=account_id)
    owed = list(account.invoices.filter(status=Invoice.Status.PAST_DUE).values_list("dunning_step", flat=True))
    worst = max(owed, default=0)
    state = (BillingAccount.State.SUSPENDED if worst >= SUSPEND_AT
             else BillingAccount.State.BLOCKED if worst >= BLOCK_AT else BillingAccount.State.ACTIVE)
    changed = state != account.state
    account.state = state
    account.save(update_fields=["state"])
    told = "suspended" if state == BillingAccount.State.SUSPENDED else "past_due" if owed else "active"
    facts = [AccountStateChanged(account.organization_id, told, f"{len(owed)} unpaid invoices")]  # type: ignore[arg-type]
    if changed:
        facts.append(GrantsChanged(account.organization_id))  # type: ignore[arg-type]
    for fact in facts:
        transaction.on_commit(lambda fact=fact: bus.publish(fact))  # type: ignore[misc]
    return str(state)


def on_invoice_paid(fact: InvoicePaid) -> None:
    """Listener of InvoicePaid: whoever has paid is served again; a receipt goes out for real payments."""
    invoice = Invoice.objects.select_related("account").get(pk=fact.invoice_id, organization_id=fact.org_id)
    if invoice.total:
        mails.write(account=invoice.account, ref=f"paid-{invoice.pk}", template="paid", invoice=invoice)
    settle_state(account_id=invoice.account_id)
