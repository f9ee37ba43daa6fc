"""Collecting money: one attempt at a time, each frozen before it leaves, so that no crash can charge twice.

An attempt is written and committed, then sent under the key ``pay-{attempt}``, then its outcome is committed. Killed
anywhere in between, the sweep sends the same request under the same key, and Stripe answers what it answered. Stripe
remembers keys for a day: an attempt older than `RESEND_UNTIL` is never sent again, it is looked up by its metadata.
Locks are taken in the order invoice, attempt; an account's lock is never waited for while they are held elsewhere.
"""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q, Sum

from billing import credits, invoicing, mails, shares
from billing.models import (
    BillingAccount,
    CreditNote,
    Invoice,
    PaymentAttempt,
    PaymentMethod,
    TopUp,
)
from billing.services import open_account
from billing.stripe_gateway import Checkout, Payment, Refused, Unanswered, gateway, politely
from kernel import clock
from kernel.problems import Problem

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)  # a sender that says nothing for so long is dead
RESEND_UNTIL = timedelta(hours=23)
GIVE_UP_AFTER = timedelta(hours=72)  # a lookup that fails for so long goes to a person


# -- customers, cards, hosted pages

def ensure_customer(account: BillingAccount) -> str:
    """The account's customer at Stripe, made on the first call; two callers at once get the same one."""
    if account.stripe_customer:
        return account.stripe_customer
    public_id = str(account.organization.public_id)
    found = gateway().create_customer(key=public_id, email=account.email, name=account.legal_name,
                                      metadata={"organization": public_id})
    BillingAccount.objects.filter(pk=account.pk, stripe_customer__isnull=True).update(stripe_customer=found)
    account.stripe_customer = found
    return found


@politely()
def start_card_setup(*, org_id: int, success_url: str, cancel_url: str) -> str:
    """The address of a page that saves a card; the webhook (or `finish_checkout`) brings it here."""
    account = open_account(org_id=org_id)
    return gateway().checkout_setup(
        key=str(uuid.uuid4()), customer=ensure_customer(account), currency=account.currency, reference=str(account.pk),
        success_url=success_url, cancel_url=cancel_url).url


@politely()
def start_topup(*, org_id: int, amount_minor: int, success_url: str, cancel_url: str) -> str:
    """The address of a page that sells credit; credit is granted when Stripe says that it is paid."""
    account = open_account(org_id=org_id)
    credits.check_topup(account, amount_minor)
    customer = ensure_customer(account)
    topup = TopUp.objects.create(account=account, amount=amount_minor, currency=account.currency)
    session = gateway().checkout_topup(
        key=str(topup.pk), customer=customer, currency=account.currency, amount=amount_minor, name="API credit",
        success_url=success_url, cancel_url=cancel_url)
    TopUp.objects.filter(pk=topup.pk).update(session_id=session.id)
    return session.url


@politely()
def finish_checkout(*, org_id: int, session_id: str) -> bool:
    """What the success page calls, so that nobody waits for a webhook; True once the checkout is complete."""
    account = _account(org_id)
    session = gateway().checkout(session_id)
    if not account.stripe_customer or session.customer != account.stripe_customer:
        raise Problem("not_found")
    settle_checkout(session)
    return session.status == "complete"


@politely()
def portal_url(*, org_id: int, return_url: str) -> str:
    """The address of Stripe's own page for this organization's cards."""
    return gateway().portal_url(ensure_customer(open_account(org_id=org_id)), return_url)


@politely()
def set_default_card(*, org_id: int, method_id: str) -> None:
    """Future charges go to this saved card."""
    account = _account(org_id)
    if not account.methods.filter(method_id=method_id).exists():
        raise Problem("not_found")
    gateway().set_default_card(ensure_customer(account), method_id)
    BillingAccount.objects.filter(pk=account.pk).update(default_method=method_id)


@politely()
def remove_card(*, org_id: int, method_id: str) -> None:
    """Forgets a saved card, at Stripe and here."""
    account = _account(org_id)
    if not account.methods.filter(method_id=method_id).exists():
        raise Problem("not_found")
    try:
        gateway().remove_card(method_id)
    except Refused as refused:
        log.info("card %s was gone already: %s", method_id, refused)
    sync_cards(account)


def sync_cards(account: BillingAccount) -> int:
    """Takes over the cards that Stripe has for an account; the first one becomes the default. Returns how many.

    A new card is tried at once on what is owed.
    """
    if not account.stripe_customer:
        return 0
    cards = gateway().cards(account.stripe_customer)
    with transaction.atomic():
        locked = BillingAccount.objects.select_for_update().get(pk=account.pk)
        known = set(locked.methods.values_list("method_id", flat=True))
        locked.methods.exclude(method_id__in=[card.id for card in cards]).delete()
        for card in cards:
            PaymentMethod.objects.update_or_create(method_id=card.id, defaults={
                "account": locked, "brand": card.brand, "last4": card.last4, "exp_month": card.exp_month,
                "exp_year": card.exp_year})
        if locked.default_method not in {card.id for card in cards}:
            locked.default_method = cards[0].id if cards else ""
            locked.save(update_fields=["default_method"])
    if {card.id for card in cards} - known:  # outside: accounts are locked after invoices, never before
        account.invoices.filter(status__in=["issued", "past_due"], total__gt=0).update(next_attempt_at=clock.now())
    return len(cards)


def settle_checkout(session: Checkout) -> None:
    """Brings a checkout's outcome in, as often as it is told: cards are synced, a paid top-up becomes a paid invoice
    with its attempt, and credit."""
    account = BillingAccount.objects.filter(stripe_customer=session.customer).first()
    if account is None:
        log.warning("checkout %s belongs to no account", session.id)
        return
    if session.mode == "payment":
        _settle_topup(account, session)
    if session.status == "complete":
        sync_cards(account)


@transaction.atomic
def _settle_topup(account: BillingAccount, session: Checkout) -> None:
    BillingAccount.objects.select_for_update().get(pk=account.pk)
    topup = TopUp.objects.select_for_update().filter(pk=uuid_or_none(session.reference), account=account).first()
    if topup is None:
        log.warning("checkout %s names no top-up of its account", session.id)
        return
    if session.status == "expired" and topup.status == TopUp.Status.OPEN:
        topup.status = TopUp.Status.EXPIRED
        topup.save(update_fields=["status"])
    if not session.paid or topup.status == TopUp.Status.PAID:
        return
    if (session.amount, session.currency) != (topup.amount, topup.currency):
        raise Problem("conflict", f"checkout {session.id} is over {session.amount}, the top-up over {topup.amount}")
    invoice = invoicing.issue_topup(account=account, amount=topup.amount)
    PaymentAttempt.objects.create(
        invoice=invoice, number=1, amount=topup.amount, currency=topup.currency, request={"checkout": session.id},
        status=PaymentAttempt.Status.SUCCEEDED, provider_ref=session.payment, settled_at=clock.now())
    invoicing.mark_paid(invoice_id=invoice.pk, amount_minor=topup.amount)
    topup.status, topup.invoice, topup.session_id = TopUp.Status.PAID, invoice, session.id
    topup.save(update_fields=["status", "invoice", "session_id"])


# -- attempts

def collect_due(limit: int = 200) -> int:
    """Attempts every invoice whose time has come; returns how many attempts were made."""
    due = (Invoice.objects.filter(status__in=["issued", "past_due"], next_attempt_at__lte=clock.now(), total__gt=0)
           .order_by("next_attempt_at").values_list("pk", flat=True)[:limit])
    made = 0
    for invoice_id in list(due):
        try:
            attempt = begin_attempt(invoice_id=invoice_id)
            if attempt is not None:
                made += 1
                send_attempt(attempt)
        except Exception:
            log.exception("collecting invoice %s failed", invoice_id)
    return made


def pay_now(*, org_id: int, invoice_id: int) -> str:
    """A customer's button: attempts an unpaid invoice at once; returns the invoice's status afterwards. Raises
    payment_required with the bank's reason where it was refused, invalid_state where there is nothing to attempt."""
    invoice = Invoice.objects.filter(organization_id=org_id, pk=invoice_id).exclude(status="draft").first()
    if invoice is None:
        raise Problem("not_found")
    if invoice.status not in (Invoice.Status.ISSUED, Invoice.Status.PAST_DUE) or invoice.total == 0:
        raise Problem("invalid_state", f"{invoice.label} is {invoice.status}")
    if not _account(org_id).default_method:
        raise Problem("invalid_state", "save a card first")
    Invoice.objects.filter(pk=invoice.pk).update(next_attempt_at=clock.now())
    attempt = begin_attempt(invoice_id=invoice.pk)
    if attempt is None:
        raise Problem("invalid_state", "a payment is in flight already")
    send_attempt(attempt)
    attempt.refresh_from_db()
    if attempt.status == PaymentAttempt.Status.FAILED:
        raise Problem("payment_required", attempt.error or "the card was refused")
    invoice.refresh_from_db()
    return str(invoice.status)


@transaction.atomic
def begin_attempt(*, invoice_id: int) -> PaymentAttempt | None:
    """Writes the frozen request of the next attempt; None where nothing is to be sent now. Without a card the invoice
    becomes past due, and waits for one."""
    invoice = (Invoice.objects.select_for_update(skip_locked=True, of=("self",)).select_related("account")
               .filter(pk=invoice_id, status__in=["issued", "past_due"], next_attempt_at__lte=clock.now()).first())
    if invoice is None or invoice.attempts.filter(status__in=["sending", "stuck", "succeeded"]).exists():
        return None
    account = invoice.account
    if not account.stripe_customer or not account.default_method:
        if invoice.kind == "topup":
            invoicing.void_invoice(org_id=invoice.organization_id, invoice_id=invoice.pk, reason="no card is saved")
        else:
            invoicing.mark_unpaid(invoice_id=invoice.pk)
        return None
    attempt_id = uuid.uuid4()
    request = {
        "amount": invoice.total, "currency": invoice.currency.lower(), "customer": account.stripe_customer,
        "payment_method": account.default_method, "confirm": True, "off_session": True, "description": invoice.label,
        "metadata": {"attempt": str(attempt_id), "invoice": str(invoice.pk),
                     "organization": str(account.organization.public_id)}}
    number = invoice.attempts.count() + 1
    Invoice.objects.filter(pk=invoice.pk).update(next_attempt_at=None)
    return PaymentAttempt.objects.create(
        id=attempt_id, invoice=invoice, number=number, amount=invoice.total, currency=invoice.currency,
        request=request, sends=1, next_send_at=clock.now() + LEASE)


def send_attempt(attempt: PaymentAttempt) -> None:
    """Sends the frozen request and settles what is answered; without an answer the attempt stays for the sweep."""
    try:
        payment = gateway().pay(attempt.request, key=f"pay-{attempt.pk}")
    except Refused as refused:
        if refused.code == "idempotency_conflict":
            _stick(attempt, refused)
        else:
            settle_attempt(attempt_id=attempt.pk, succeeded=False, payment=refused.payment, code=refused.code,
                           error=refused.message)
    except Unanswered as unknown:
        log.warning("attempt %s: no answer (%s)", attempt.pk, unknown)
        _postpone(attempt, unknown)
    else:
        settle_payment(payment)


def settle_payment(payment: Payment) -> None:
    """Brings a payment intent's present state in. Any number of times, in any order: states only move forward."""
    attempt_id = uuid_or_none(payment.metadata.get("attempt", ""))
    if attempt_id is None:
        return
    if payment.status == "succeeded":
        settle_attempt(attempt_id=attempt_id, succeeded=True, payment=payment)
    elif payment.status in ("requires_payment_method", "canceled", "requires_action"):
        settle_attempt(attempt_id=attempt_id, succeeded=False, payment=payment,
                       code=payment.error_code or payment.status, error=payment.error)
    else:  # processing: ask again later
        PaymentAttempt.objects.filter(pk=attempt_id, status="sending").update(
            provider_ref=payment.id, next_send_at=clock.now() + timedelta(hours=1))


@transaction.atomic
def settle_attempt(*, attempt_id: uuid.UUID, succeeded: bool, payment: Payment | None = None, code: str = "",
                   error: str = "") -> PaymentAttempt | None:
    """sending/stuck → succeeded (the invoice is paid) or failed (it is past due, dunning goes on). A success is final;
    a refusal told after it changes nothing."""
    found = PaymentAttempt.objects.filter(pk=attempt_id).values_list("invoice_id", flat=True).first()
    if found is None:
        return None
    invoice = Invoice.objects.select_for_update().get(pk=found)
    attempt = PaymentAttempt.objects.select_for_update().get(pk=attempt_id)
    if attempt.status == PaymentAttempt.Status.SUCCEEDED:
        return attempt
    if payment is not None:
        attempt.provider_ref, attempt.charge_ref = payment.id, payment.charge
        if succeeded and (payment.amount, payment.currency) != (attempt.amount, attempt.currency):
            raise Problem("conflict", f"payment {payment.id} is over {payment.amount} {payment.currency}")
    if succeeded:
        if invoice.status in (Invoice.Status.PAID, Invoice.Status.VOID):
            # Should be impossible: one attempt in flight, and no void while it is. A person decides.
            attempt.status, attempt.error_code = PaymentAttempt.Status.STUCK, "paid_twice"
            log.error("attempt %s succeeded although %s is %s", attempt.pk, invoice.label, invoice.status)
        else:
            attempt.status, attempt.settled_at = PaymentAttempt.Status.SUCCEEDED, clock.now()
            attempt.error_code = attempt.error = ""
        attempt.save()
        if attempt.status == PaymentAttempt.Status.SUCCEEDED:
            invoicing.mark_paid(invoice_id=invoice.pk, amount_minor=attempt.amount)
    elif attempt.status in (PaymentAttempt.Status.SENDING, PaymentAttempt.Status.STUCK):
        attempt.status, attempt.settled_at = PaymentAttempt.Status.FAILED, clock.now()
        attempt.error_code, attempt.error = code[:60], error[:300]
        attempt.save()
        _refused(invoice, attempt)
    return attempt


def sweep_attempts() -> int:
    """Finds out what became of attempts whose answer never came; returns how many were taken up."""
    now = clock.now()
    waiting = PaymentAttempt.objects.filter(status=PaymentAttempt.Status.SENDING, next_send_at__lte=now)
    done = 0
    for attempt in list(waiting.order_by("next_send_at")[:200]):
        claimed = PaymentAttempt.objects.filter(
            pk=attempt.pk, status=PaymentAttempt.Status.SENDING, next_send_at=attempt.next_send_at).update(
            next_send_at=now + LEASE, sends=F("sends") + 1)
        if not claimed:
            continue
        done += 1
        try:
            if attempt.provider_ref:
                settle_payment(gateway().payment(attempt.provider_ref))
            elif now - attempt.created_at < RESEND_UNTIL:
                send_attempt(attempt)
            else:
                _look_up(attempt)
        except (Refused, Unanswered) as error:
            _postpone(attempt, error)
        except Exception:
            log.exception("sweeping attempt %s failed", attempt.pk)
    return done


def resolve_attempt(*, attempt_id: uuid.UUID) -> PaymentAttempt | None:
    """Staff's button for a stuck attempt: asks Stripe once more by its metadata."""
    attempt = PaymentAttempt.objects.get(pk=attempt_id)
    _look_up(attempt)
    return PaymentAttempt.objects.get(pk=attempt_id)


def _look_up(attempt: PaymentAttempt) -> None:
    """The payment that carries this attempt's id. Its request is too old to be still on its way, so one that does not
    exist will never exist: the attempt failed, and the invoice may be attempted anew."""
    for payment in gateway().payments_of(attempt.request["customer"]):
        if payment.metadata.get("attempt") == str(attempt.pk):
            settle_payment(payment)
            return
    if clock.now() - attempt.created_at >= RESEND_UNTIL:
        settle_attempt(attempt_id=attempt.pk, succeeded=False, code="never_arrived", error="Stripe never had it")


def _postpone(attempt: PaymentAttempt, error: Exception) -> None:
    if clock.now() - attempt.created_at > GIVE_UP_AFTER:
        _stick(attempt, error)
        return
    wait = min(LEASE * 2 ** min(attempt.sends, 6), timedelta(hours=1))
    PaymentAttempt.objects.filter(pk=attempt.pk, status=PaymentAttempt.Status.SENDING).update(
        next_send_at=clock.now() + wait, error=str(error)[:300])


def _stick(attempt: PaymentAttempt, error: Exception) -> None:
    log.error("attempt %s needs a person: %s", attempt.pk, error)
    PaymentAttempt.objects.filter(pk=attempt.pk, status=PaymentAttempt.Status.SENDING).update(
        status=PaymentAttempt.Status.STUCK, error=str(error)[:300])


def _refused(invoice: Invoice, attempt: PaymentAttempt) -> None:
    if invoice.kind == "topup":  # credit nobody gets and nobody owes
        BillingAccount.objects.filter(pk=invoice.account_id).update(recharge_below_minor=None, recharge_minor=None)
        invoicing.void_invoice(org_id=invoice.organization_id, invoice_id=invoice.pk, reason="the card was refused")
        mails.write(account=invoice.account, ref=f"recharge-{invoice.pk}", template="recharge_failed",
                    invoice=invoice, reason=attempt.error)
        return
    if invoice.status in (Invoice.Status.ISSUED, Invoice.Status.PAST_DUE):
        first = invoice.failed_at is None
        invoicing.mark_unpaid(invoice_id=invoice.pk)
        if first:
            mails.write(account=invoice.account, ref=f"refused-{invoice.pk}", template="payment_failed",
                        invoice=invoice, reason=attempt.error)


# -- giving money back

@transaction.atomic
def issue_credit_note(*, org_id: int, invoice_id: int, amount_minor: int, reason: str,
                      to_credit: bool = False) -> CreditNote:
    """Gives back part of a paid invoice, to the card it was paid by or as credit; providers' shares go back with it.

    The refund itself is sent after commit by `send_refunds`, under the key ``ref:{credit_note}``.
    """
    invoice = Invoice.objects.select_for_update().filter(organization_id=org_id, pk=invoice_id).first()
    if invoice is None:
        raise Problem("not_found")
    if invoice.status != Invoice.Status.PAID or invoice.total == 0:
        raise Problem("invalid_state", "only a paid invoice has money to give back: void an unpaid one")
    if not reason.strip() or amount_minor <= 0:
        raise Problem("validation_error", "a credit note has an amount and a reason")
    given = int(invoice.credit_notes.exclude(status=CreditNote.Status.FAILED).aggregate(n=Sum("amount"))["n"] or 0)
    if given + amount_minor > invoice.total:
        raise Problem("invalid_state", f"only {invoice.total - given} of {invoice.label} are left to give back")
    note = CreditNote.objects.create(invoice=invoice, number=invoicing.next_number("TSC"), amount=amount_minor,
                                     reason=reason.strip()[:200], to_credit=to_credit)
    if invoice.kind == "topup":
        back = credits.revoke(source_ref=f"topup:{invoice.pk}", amount=amount_minor, ref=f"note:{note.pk}")
        if back < amount_minor:
            raise Problem("invalid_state", f"only {back} of this credit are unused")
    shares.reverse(note)
    if to_credit:
        credits.grant(account=invoice.account, amount=amount_minor, kind="paid", source_ref=f"note-credit:{note.pk}",
                      reason=note.label)
        note.status = CreditNote.Status.DONE
        note.save(update_fields=["status"])
    return note


def send_refunds() -> int:
    """Sends refunds that wait, also those whose answer was lost; returns how many came through."""
    done = 0
    now = clock.now()
    for note in CreditNote.objects.filter(status=CreditNote.Status.SENDING, next_send_at__lte=now)[:100]:
        claimed = CreditNote.objects.filter(pk=note.pk, status=CreditNote.Status.SENDING,
                                            next_send_at=note.next_send_at).update(next_send_at=now + LEASE)
        if not claimed:
            continue
        attempt = note.invoice.attempts.filter(status=PaymentAttempt.Status.SUCCEEDED).first()
        if attempt is None or not attempt.provider_ref:
            _refund_failed(note, "there is no payment to refund")
            continue
        if now - note.created_at > RESEND_UNTIL:
            CreditNote.objects.filter(pk=note.pk).update(error="needs a person: older than Stripe remembers keys",
                                                         next_send_at=now + timedelta(hours=1))
            log.error("refund %s needs a person", note.pk)
            continue
        try:
            refund = gateway().refund(key=str(note.pk), payment=attempt.provider_ref, amount=note.amount,
                                      metadata={"credit_note": str(note.pk)})
        except Refused as refused:
            _refund_failed(note, str(refused))
        except Unanswered as unknown:
            CreditNote.objects.filter(pk=note.pk).update(error=str(unknown)[:300])
        else:
            settle_refund(note_id=note.pk, refund_id=refund.id, status=refund.status)
            done += 1
    return done


@transaction.atomic
def settle_refund(*, note_id: uuid.UUID, refund_id: str, status: str) -> None:
    """Brings a refund's state in; done stays done unless Stripe says that the bank refused it."""
    note = CreditNote.objects.select_for_update().filter(pk=note_id).first()
    if note is None:
        return
    if status in ("failed", "canceled"):
        _refund_failed(note, f"the bank refused refund {refund_id}")
    elif note.status == CreditNote.Status.SENDING:
        note.status, note.refund_ref, note.error = CreditNote.Status.DONE, refund_id, ""
        note.save(update_fields=["status", "refund_ref", "error"])


def _refund_failed(note: CreditNote, error: str) -> None:
    """The money stays here, so it is the customer's as credit: what was promised stays promised."""
    log.error("refund %s failed: %s", note.pk, error)
    try:
        with transaction.atomic():
            CreditNote.objects.filter(pk=note.pk).update(status=CreditNote.Status.DONE, to_credit=True,
                                                         error=error[:300])
            credits.grant(account=note.invoice.account, amount=note.amount, kind="paid",
                          source_ref=f"note-credit:{note.pk}", reason=note.label)
    except IntegrityError:
        log.exception("crediting note %s failed", note.pk)


# -- automatic top-ups

def recharge() -> int:
    """Buys credit for accounts that fell below their threshold; returns how many top-ups were begun."""
    begun = 0
    for account in credits.accounts_to_recharge():
        with transaction.atomic():
            locked = BillingAccount.objects.select_for_update().get(pk=account.pk)
            open_one = locked.invoices.filter(Q(kind="topup") & Q(status__in=["issued", "past_due"])).exists()
            if locked.recharge_minor and not open_one:
                invoicing.issue_topup(account=locked, amount=locked.recharge_minor)
                begun += 1
    return begun


def _account(org_id: int) -> BillingAccount:
    found = BillingAccount.objects.filter(organization_id=org_id).first()
    if found is None:
        raise Problem("not_found")
    return found


def uuid_or_none(text: str) -> uuid.UUID | None:
    """The id in a text from outside, or None."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
