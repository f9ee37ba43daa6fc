"""Stripe's balance against our books, a day at a time: every movement has an attempt, a credit note, a transfer
or a dispute of the same amount."""

from __future__ import annotations

import logging
from datetime import date, timedelta

from billing import periods
from billing.models import CreditNote, Dispute, PaymentAttempt, PayoutLine, ReconciliationDay
from billing.stripe_gateway import Movement, gateway
from kernel import clock

log = logging.getLogger(__name__)


def check_day(day: date) -> ReconciliationDay:
    """Compares one day (UTC, by Stripe's clock) and keeps the outcome; again any time, the latest stands."""
    since = periods.starts(day)
    movements = list(gateway().movements(since, since + timedelta(days=1)))
    differences: list[dict[str, str]] = []
    matched = 0
    for movement in movements:
        fault = _fault(movement)
        if fault:
            differences.append({"movement": movement.id, "type": movement.type, "source": movement.source,
                                "amount": str(movement.amount), "currency": movement.currency, "fault": fault})
        else:
            matched += 1
    found, _ = ReconciliationDay.objects.update_or_create(day=day, defaults={
        "checked_at": clock.now(), "movements": len(movements), "matched": matched, "differences": differences})
    if differences:
        log.error("%s: %d of Stripe's movements are not in the books", day, len(differences))
    return found


def _fault(movement: Movement) -> str:
    if movement.type in ("charge", "payment"):
        attempt = PaymentAttempt.objects.filter(charge_ref=movement.source).first() or _by_charge(movement.source)
        return _differs(movement, attempt and attempt.status == "succeeded" and attempt.amount,
                        attempt and attempt.currency)
    if movement.type in ("refund", "payment_refund"):
        note = CreditNote.objects.filter(refund_ref=movement.source).select_related("invoice").first()
        return _differs(movement, note and -note.amount, note and note.invoice.currency)
    if movement.type == "transfer":
        line = PayoutLine.objects.filter(transfer_ref=movement.source).select_related("payout").first()
        return _differs(movement, line and -line.amount, line and line.payout.currency)
    if movement.type == "adjustment" and movement.source.startswith(("dp_", "du_")):  # taken, or given back
        dispute = Dispute.objects.filter(dispute_id=movement.source).first()
        taken = dispute and (-dispute.amount if movement.amount < 0 else dispute.amount)
        return _differs(movement, taken, dispute and dispute.currency)
    return ""  # fees, payouts to our own bank, reversals: Stripe's side only


def _by_charge(charge: str) -> PaymentAttempt | None:
    """A charge whose attempt was settled without naming it: asked of Stripe once, then kept."""
    intent = gateway().charge_payment(charge)
    attempt = PaymentAttempt.objects.filter(provider_ref=intent).first() if intent else None
    if attempt is not None:
        PaymentAttempt.objects.filter(pk=attempt.pk).update(charge_ref=charge)
    return attempt


def _differs(movement: Movement, amount: object, currency: object) -> str:
    if amount is None or amount is False:
        return "unknown here"
    if (movement.amount, movement.currency) != (amount, currency):
        return f"{amount} {currency} here"
    return ""
