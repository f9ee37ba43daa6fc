"""Letters about money: written in the transaction that they tell of, sent after it, one per occasion.

`ref` is the occasion and is unique, and the Message-ID is made of it: should a crash fall between the mail server's
yes and our note of it, the repeated letter is the same letter.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from decimal import Decimal

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from billing.models import BillingAccount, Invoice, Mail
from kernel import clock
from kernel.money import EXPONENTS

log = logging.getLogger(__name__)

MAX_TRIES = 8
TEMPLATES: dict[str, tuple[str, str]] = {
    "payment_failed": (
        "Your payment for {number} was refused",
        "Your bank refused the payment of {total} for invoice {number}.\n\nReason: {reason}\n\nPlease check your card "
        "at {url}. We try again tomorrow."),
    "dunning_1": (
        "Reminder: {number} is unpaid",
        "Invoice {number} over {total} is unpaid. We try your card again today. You can change it at {url}."),
    "dunning_2": (
        "Second reminder: {number} is unpaid",
        "Invoice {number} over {total} is still unpaid. We try your card again today. You can change it at {url}.\n\n"
        "In two days your API calls will be slowed down."),
    "dunning_3": (
        "Your calls are slowed down: {number} is unpaid",
        "Invoice {number} over {total} is still unpaid, so your API calls are slowed down from now on. Pay or change "
        "your card at {url}.\n\nIn two days your API keys will stop."),
    "dunning_4": (
        "Your account is suspended: {number} is unpaid",
        "Invoice {number} over {total} is unpaid for a week, so your API keys stopped. They work again as soon as it "
        "is paid: {url}"),
    "recharge_failed": (
        "Your automatic top-up was refused",
        "Your bank refused the automatic top-up of {total}.\n\nReason: {reason}\n\nIt is switched off now; you can "
        "switch it on again at {url}."),
    "dispute_opened": (
        "Your bank disputes the payment of {number}",
        "Your bank has told us that the payment of {total} for {number} is disputed ({reason}).\n\nIf that is a "
        "mistake, please tell your bank. We answer it by {day}. Your API keys go on working meanwhile. The invoice is "
        "at {url}."),
    "dispute_won": (
        "The dispute over {number} is settled",
        "Your bank has closed the dispute over {number}: the payment of {total} stands. Nothing is left to do. {url}"),
    "dispute_lost": (
        "The payment of {number} was taken back",
        "Your bank has taken the payment of {total} for {number} back. A credit note says so; bought credit that was "
        "not used is gone. {url}"),
    "paid": (
        "Receipt for {number}",
        "Thank you: {total} for {number} are paid. The invoice is at {url}."),
}


_people: list[Callable[[int], list[str]]] = []


def use_addresses(people: Callable[[int], list[str]] | None) -> None:
    """A port that config/wiring.py fills: organization → whom bills go to where its account names nobody."""
    _people[:] = [people] if people else []


def addresses(account: BillingAccount) -> list[str]:
    """Whom an account's letters go to."""
    if account.email:
        return [account.email]
    return _people[0](account.organization_id) if _people else []


def write(*, account: BillingAccount, ref: str, template: str, invoice: Invoice, reason: str = "",
          day: str = "") -> None:
    """Puts a letter into the outbox; the same `ref` again changes nothing."""
    subject, body = TEMPLATES[template]
    digits = EXPONENTS[invoice.currency]
    words = {
        "number": invoice.label, "reason": reason or "none was given", "day": day,
        "url": f"{settings.ENV.public_url}/console/billing/",
        "total": f"{Decimal(invoice.total).scaleb(-digits):,.{digits}f} {invoice.currency}"}
    Mail.objects.get_or_create(ref=ref, defaults={
        "account": account, "subject": subject.format(**words)[:200], "body": body.format(**words) + "\n\n– Tessera\n"})


def send_waiting() -> int:
    """Sends what is in the outbox; returns how many letters left. An account without an address gets none."""
    sent = 0
    waiting = Mail.objects.filter(sent_at__isnull=True, tries__lt=MAX_TRIES).order_by("pk")
    for pk in waiting.values_list("pk", flat=True):
        with transaction.atomic():
            mail = (Mail.objects.select_for_update(skip_locked=True, of=("self",)).select_related("account")
                    .filter(pk=pk, sent_at__isnull=True).first())
            to = addresses(mail.account) if mail else []
            if mail is None or not to:
                continue
            host = settings.ENV.public_url.partition("://")[2].partition("/")[0].partition(":")[0]
            message = EmailMessage(mail.subject, mail.body, None, to,
                                   headers={"Message-ID": f"<{mail.ref}@{host}>"})
            mail.tries += 1
            try:
                message.send()
            except OSError as error:
                log.warning("mail %s was not sent: %s", mail.ref, error)
                mail.error = str(error)[:300]
            else:
                mail.sent_at, mail.error = clock.now(), ""
                sent += 1
            mail.save(update_fields=["tries", "sent_at", "error"])
    return sent
