"""What Stripe tells: stored first, answered 200, then handled by asking Stripe for the object's present state.

So it does not matter in which order events come, how often, or that some never do: handling one is "look at this
object", and states only move forward. `sweep_lost` reads Stripe's own list of events for those that got lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from billing import disputes, payments, payouts
from billing.models import BillingAccount, WebhookEvent
from billing.stripe_gateway import Event, Refund, Refused, gateway
from kernel import clock

log = logging.getLogger(__name__)

MAX_TRIES = 12
LEASE = timedelta(seconds=60)


def receive(payload: bytes, signature: str) -> bool:
    """Checks and stores a webhook; False for one that was stored before. Raises stripe_gateway.WrongSignature."""
    return _store(gateway().read_webhook(payload, signature), how="webhook")


def handle_open(limit: int = 200) -> int:
    """Handles stored events; returns how many are done. One that fails waits and is tried again."""
    done, now = 0, clock.now()
    waiting = WebhookEvent.objects.filter(handled_at__isnull=True, next_try_at__lte=now, tries__lt=MAX_TRIES)
    for pk in list(waiting.order_by("pk").values_list("pk", flat=True)[:limit]):
        claimed = WebhookEvent.objects.filter(pk=pk, handled_at__isnull=True, next_try_at__lte=now).update(
            next_try_at=now + LEASE)
        if claimed:
            done += _handle(WebhookEvent.objects.get(pk=pk))
    return done


def replay(*, event_id: str) -> bool:
    """Staff's button: handles a stored event once more, whatever became of it before."""
    return bool(_handle(WebhookEvent.objects.get(provider="stripe", event_id=event_id)))


def sweep_lost(since: timedelta = timedelta(days=3)) -> int:
    """Stores what Stripe lists and no webhook brought; returns how many those were."""
    return sum(_store(event, how="sweep") for event in gateway().events_since(clock.now() - since)
               if handler_of(event.type) is not None)


def _store(event: Event, *, how: str) -> bool:
    _, created = WebhookEvent.objects.get_or_create(provider="stripe", event_id=event.id, defaults={
        "type": event.type, "object_id": event.object_id, "payload": event.payload, "created_at": event.created,
        "how": how})
    return created


def _handle(event: WebhookEvent) -> int:
    handler = handler_of(event.type)
    try:
        if handler is not None:
            handler(event.object_id)
    except Exception as error:  # whatever it is, the event stays and is tried again
        log.warning("event %s (%s) failed", event.event_id, event.type, exc_info=True)
        wait = min(LEASE * 2 ** event.tries, timedelta(hours=1))
        WebhookEvent.objects.filter(pk=event.pk).update(
            tries=event.tries + 1, next_try_at=clock.now() + wait, error=f"{type(error).__name__}: {error}"[:300])
        return 0
    WebhookEvent.objects.filter(pk=event.pk).update(handled_at=clock.now(), tries=event.tries + 1, error="")
    return 1


def handler_of(type_: str) -> Callable[[str], None] | None:
    """What looks at the object of an event; None for events that change nothing here."""
    return next((handler for prefix, handler in HANDLERS.items() if type_.startswith(prefix)), None)


def _checkout(session: str) -> None:
    payments.settle_checkout(gateway().checkout(session))


def _payment(intent: str) -> None:
    payments.settle_payment(gateway().payment(intent))


def _method(method: str) -> None:
    """A card came, changed or went: the cards of its account are read anew."""
    known = BillingAccount.objects.filter(methods__method_id=method).first()
    try:
        customer = gateway().card(method).customer
    except Refused:
        customer = ""
    found = BillingAccount.objects.filter(stripe_customer=customer).first() if customer else None
    for account in {a.pk: a for a in (known, found) if a is not None}.values():
        payments.sync_cards(account)


def _customer(customer: str) -> None:
    account = BillingAccount.objects.filter(stripe_customer=customer).first()
    if account is not None:
        payments.sync_cards(account)


def _setup(setup: str) -> None:
    _customer(gateway().setup_customer(setup))


def _refunded(charge: str) -> None:
    payment = gateway().charge_payment(charge)
    for found in gateway().refunds_of(payment) if payment else []:
        _take_refund(found)


def _refund(refund: str) -> None:
    _take_refund(gateway().refund_state(refund))


def _take_refund(found: Refund) -> None:
    note = payments.uuid_or_none(found.metadata.get("credit_note", ""))
    if note is not None:
        payments.settle_refund(note_id=note, refund_id=found.id, status=found.status)


def _payout_failed(payout: str) -> None:
    log.error("Stripe could not pay %s out to our bank account", payout)


def _dispute(dispute: str) -> None:
    disputes.take(gateway().dispute(dispute))


HANDLERS: dict[str, Callable[[str], None]] = {
    "checkout.session.": _checkout, "payment_intent.": _payment, "payment_method.": _method, "refund.": _refund,
    "charge.refund.": _refund, "charge.refunded": _refunded, "charge.dispute.": _dispute,
    "setup_intent.succeeded": _setup, "payout.failed": _payout_failed, "customer.updated": _customer,
    "customer.deleted": _customer, "account.updated": payouts.sync_account, "transfer.reversed": payouts.sync_transfer,
}
