"""Paying providers: shares whose hold ended become one transfer per provider and currency, sent once.

A payout takes every share line that is free, refunds included, so what was refunded after an earlier payout is taken
off this one. What adds up to less than `MINIMUM` waits.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Sum

from billing import disputes
from billing.models import Payout, PayoutLine, ProviderAccount, RevenueShareLine
from billing.stripe_gateway import Refused, Transfer, Unanswered, gateway, politely
from kernel import clock
from kernel.problems import Problem

log = logging.getLogger(__name__)

MINIMUM = {"USD": 1000, "EUR": 1000, "GBP": 1000, "CNY": 7000, "JPY": 1000, "KWD": 3000}
LEASE = timedelta(seconds=60)
RESEND_UNTIL = timedelta(hours=23)


@dataclass(frozen=True, slots=True)
class Earning:
    """What a model earned a provider: whole minor units. `held` is not free yet, or disputed by a customer's bank;
    `free` goes out next, `paid` went."""

    model: str
    currency: str
    net: int
    share: int
    held: int
    free: int
    paid: int


@dataclass(frozen=True, slots=True)
class StatementLine:
    invoice: str
    model: str
    period: date
    refund: bool
    share_percent: str
    net: int
    share: int


@dataclass(frozen=True, slots=True)
class PayoutView:
    """A settlement; its lines' shares add up to `total`."""

    id: int
    currency: str
    until: date
    total: int
    status: str
    transfer: str
    paid_at: object
    lines: tuple[StatementLine, ...]


def earnings(org_id: int) -> list[Earning]:
    """Per model and currency, what this provider earned so far."""
    today = clock.now().date()
    found: dict[tuple[str, str], list[int]] = {}
    own = RevenueShareLine.objects.filter(provider_id=org_id)
    argued = set(own.filter(disputes.frozen()).values_list("pk", flat=True))
    for row in own.values("pk", "model", "currency", "net", "share", "held_until", "payout_id"):
        sums = found.setdefault((row["model"], row["currency"]), [0] * 5)
        sums[0] += row["net"]
        sums[1] += row["share"]
        held = row["held_until"] > today or row["pk"] in argued
        place = 4 if row["payout_id"] else 2 if held else 3
        sums[place] += row["share"]
    return [Earning(model, currency, *sums) for (model, currency), sums in sorted(found.items())]


def payouts_of(org_id: int) -> list[PayoutView]:
    """This provider's settlements with their statements, newest first."""
    return [_view(payout) for payout in Payout.objects.filter(provider_id=org_id)]


def payout_statement(org_id: int, payout_id: int) -> PayoutView:
    """One settlement of this provider; anybody else's is not found."""
    found = Payout.objects.filter(provider_id=org_id, pk=payout_id).first()
    if found is None:
        raise Problem("not_found")
    return _view(found)


@politely()
def start_onboarding(*, org_id: int, email: str, return_url: str, refresh_url: str) -> str:
    """The address of Stripe's page where a provider says where its money goes."""
    account, _ = ProviderAccount.objects.get_or_create(organization_id=org_id)
    if account.stripe_account is None:
        public_id = str(account.organization.public_id)
        made = gateway().create_connected(key=public_id, email=email, metadata={"organization": public_id})
        ProviderAccount.objects.filter(pk=account.pk, stripe_account__isnull=True).update(stripe_account=made.id)
        account.stripe_account = made.id
    return gateway().onboarding_url(account.stripe_account, return_url=return_url, refresh_url=refresh_url)


def sync_account(stripe_account: str) -> None:
    """Takes over what Stripe says of a connected account."""
    found = gateway().connected(stripe_account)
    ProviderAccount.objects.filter(stripe_account=found.id).update(
        payouts_enabled=found.payouts_enabled, details_submitted=found.details_submitted)


def run() -> int:
    """Makes the payouts that are due and sends their transfers; returns how many were made."""
    today, made = clock.now().date(), 0
    free = (RevenueShareLine.objects.filter(payout__isnull=True, held_until__lte=today).exclude(disputes.frozen())
            .values("provider_id", "currency").annotate(total=Sum("share")).order_by("provider_id", "currency"))
    for row in list(free):
        if row["total"] >= MINIMUM[row["currency"]]:
            made += _settle(row["provider_id"], row["currency"], today)
    send_transfers()
    return made


@transaction.atomic
def _settle(provider_id: int, currency: str, today: date) -> int:
    account = (ProviderAccount.objects.select_for_update().filter(organization_id=provider_id, payouts_enabled=True)
               .exclude(stripe_account=None).first())
    if account is None or Payout.objects.filter(provider_id=provider_id, currency=currency, until=today).exists():
        return 0
    lines = list(RevenueShareLine.objects.select_for_update().filter(
        provider_id=provider_id, currency=currency, payout__isnull=True, held_until__lte=today)
        .exclude(disputes.frozen()))
    total = sum(line.share for line in lines)
    if total < MINIMUM[currency]:
        return 0
    payout = Payout.objects.create(provider_id=provider_id, currency=currency, until=today, total=total)
    RevenueShareLine.objects.filter(pk__in=[line.pk for line in lines]).update(payout=payout)
    PayoutLine.objects.create(payout=payout, amount=total, destination=account.stripe_account)
    return 1


def send_transfers() -> int:
    """Sends transfers that wait, each under the key ``xfer:{payout_line}``; returns how many came through."""
    now, done = clock.now(), 0
    waiting = PayoutLine.objects.filter(status=PayoutLine.Status.SENDING, next_send_at__lte=now)
    for line in waiting.select_related("payout")[:100]:
        claimed = PayoutLine.objects.filter(pk=line.pk, status=PayoutLine.Status.SENDING,
                                            next_send_at=line.next_send_at).update(next_send_at=now + LEASE)
        if not claimed:
            continue
        try:
            sent = _look_up(line) if now - line.created_at > RESEND_UNTIL else gateway().transfer(
                key=str(line.pk), amount=line.amount, currency=line.payout.currency, destination=line.destination,
                metadata={"payout_line": str(line.pk), "payout": str(line.payout_id)})
        except Refused as refused:
            log.error("transfer of payout %s refused: %s", line.payout_id, refused)
            PayoutLine.objects.filter(pk=line.pk).update(status=PayoutLine.Status.FAILED, error=str(refused)[:300])
        except Unanswered as unknown:
            PayoutLine.objects.filter(pk=line.pk).update(error=str(unknown)[:300])
        else:
            PayoutLine.objects.filter(pk=line.pk, status=PayoutLine.Status.SENDING).update(
                status=PayoutLine.Status.PAID, transfer_ref=sent.id, paid_at=clock.now(), error="")
            done += 1
    return done


@transaction.atomic
def retry_transfer(*, payout_id: int) -> PayoutLine:
    """Staff's button after a refusal: a new line with a new key, to where the provider's money goes now."""
    payout = Payout.objects.select_for_update().get(pk=payout_id)
    if payout.lines.exclude(status__in=[PayoutLine.Status.FAILED, PayoutLine.Status.REVERSED]).exists():
        raise Problem("invalid_state", "this payout is on its way or paid")
    account = ProviderAccount.objects.get(organization_id=payout.provider_id)
    return PayoutLine.objects.create(payout=payout, amount=payout.total, destination=account.stripe_account)


def sync_transfer(transfer: str) -> None:
    """A transfer was reversed at Stripe: its payout is unpaid again and waits for staff."""
    found = gateway().transfer_state(transfer)
    if found.amount_reversed >= found.amount:
        PayoutLine.objects.filter(transfer_ref=found.id, status=PayoutLine.Status.PAID).update(
            status=PayoutLine.Status.REVERSED)


def _look_up(line: PayoutLine) -> Transfer:
    """The transfer that carries this line's id; raises Refused where Stripe never had it."""
    for found in gateway().transfers_to(line.destination):
        if found.metadata.get("payout_line") == str(line.pk):
            return found
    raise Refused("never_arrived", "Stripe never had this transfer")


def _view(payout: Payout) -> PayoutView:
    line = payout.lines.order_by("-created_at").first()
    shares = payout.shares.select_related("invoice_line__invoice", "agreement").order_by("pk")
    return PayoutView(
        payout.pk, payout.currency, payout.until, payout.total, line.status if line else "sending",
        (line.transfer_ref or "") if line else "", line.paid_at if line else None,
        tuple(StatementLine(s.invoice_line.invoice.label, s.model, s.invoice_line.period_start,
                            s.credit_note_id is not None, str(s.agreement.share_percent), s.net, s.share)
              for s in shares))
