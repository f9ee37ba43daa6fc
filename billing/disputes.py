"""A payment that its customer's bank wants back: what stands still while it is argued, and what a loss undoes.

While a dispute is open, the providers' shares of that invoice are not paid out (`frozen`), the customer has a letter,
and staff sees by when Stripe wants evidence. Won, everything goes on. Lost, a credit note says so (the money left by
the bank, so nothing is sent), shares are taken back to the last minor unit, and bought credit that nothing has used
goes. States only move forward: what was decided stays decided, however often and late Stripe tells.
"""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models import Q, Sum

from billing import credits, invoicing, mails, shares
from billing.models import CreditNote, Dispute, Invoice, PaymentAttempt
from billing.stripe_gateway import DisputeInfo
from kernel import clock

log = logging.getLogger(__name__)

DECIDED = ("won", "lost", "warning_closed")


@transaction.atomic
def take(found: DisputeInfo) -> Dispute:
    """Brings a dispute's present state in, any number of times in any order."""
    attempt = PaymentAttempt.objects.filter(provider_ref=found.payment).first() if found.payment else None
    if attempt is not None:  # invoices are locked first, everywhere
        Invoice.objects.select_for_update().get(pk=attempt.invoice_id)
    dispute, _ = Dispute.objects.select_for_update().get_or_create(dispute_id=found.id, defaults={
        "attempt": attempt, "amount": found.amount, "currency": found.currency, "reason": found.reason[:60],
        "status": found.status, "evidence_due_at": found.evidence_due})
    if dispute.closed_at is not None:
        return dispute
    dispute.attempt, dispute.amount, dispute.status = attempt or dispute.attempt, found.amount, found.status
    dispute.evidence_due_at = found.evidence_due or dispute.evidence_due_at
    if found.status in DECIDED:
        dispute.closed_at = clock.now()
        if found.status == "lost":
            _lose(dispute)
    dispute.save()
    log.warning("payment %s is disputed (%s): %s, evidence until %s", found.payment, found.reason, found.status,
                dispute.evidence_due_at)
    _tell(dispute)
    return dispute


def frozen() -> Q:
    """Of share lines: those whose invoice is argued about; they are not paid out."""
    return Q(invoice_line__invoice__in=Dispute.objects.filter(closed_at=None).exclude(attempt=None)
             .values("attempt__invoice_id"))


def _lose(dispute: Dispute) -> None:
    if dispute.attempt is None:
        return
    invoice = dispute.attempt.invoice
    given = int(invoice.credit_notes.exclude(status=CreditNote.Status.FAILED).aggregate(n=Sum("amount"))["n"] or 0)
    amount = min(dispute.amount, invoice.total - given)
    if amount <= 0:
        return
    dispute.note = note = CreditNote.objects.create(
        invoice=invoice, number=invoicing.next_number("TSC"), amount=amount, status=CreditNote.Status.DONE,
        reason=f"the bank took the payment back: {dispute.reason}")
    if invoice.kind == "topup":
        back = credits.revoke(source_ref=f"topup:{invoice.pk}", amount=amount, ref=f"note:{note.pk}", partly=True)
        if back < amount:
            log.error("dispute %s: %d of the credit were used already", dispute.dispute_id, amount - back)
    shares.reverse(note)


def _tell(dispute: Dispute) -> None:
    if dispute.attempt is None:
        return
    invoice = dispute.attempt.invoice
    step = dispute.status if dispute.closed_at else "opened"
    if step == "warning_closed":
        return
    due = f"{dispute.evidence_due_at:%Y-%m-%d}" if dispute.evidence_due_at else "the bank's day"
    mails.write(account=invoice.account, ref=f"dispute-{dispute.dispute_id}-{step}", template=f"dispute_{step}",
                invoice=invoice, reason=dispute.reason, day=due)
