"""What providers get of what customers paid: share + platform = net for each line, and refunds reverse it exactly.

A line's net is its amount less its part of the invoice's discount (largest remainder, so the parts add up). Shares
come into being when the invoice is paid. A refund takes back ``net * refunded / total`` of every line, each time as
the difference between two roundings, so that refunds which add up to the total add up to every net and every share.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from django.db import transaction
from django.db.models import Sum

from billing import rating
from billing.models import CreditNote, Invoice, InvoiceLine, ProviderAgreement, RevenueShareLine
from kernel import clock
from kernel.problems import Problem

HOUSE_SHARE = Decimal(70)  # percent, for a provider's model on which nothing else was agreed

_owner_of: list[Callable[[str], int | None]] = []


def use_owners(owner_of: Callable[[str], int | None] | None) -> None:
    """A port that config/wiring.py fills: model → the organization that provides it, None for the house's own."""
    _owner_of[:] = [owner_of] if owner_of else []


@transaction.atomic
def agree(*, model: str, provider_id: int, share_percent: Decimal, effective_from: date,
          hold_days: int = 14) -> ProviderAgreement:
    """The next version of a model's terms, for periods that begin on `effective_from` or later."""
    last = ProviderAgreement.objects.filter(model=model).order_by("-version").first()
    if last is not None and effective_from <= last.effective_from:
        raise Problem("validation_error", f"new terms begin after {last.effective_from:%Y-%m-%d}")
    if not 0 <= share_percent <= 100:
        raise Problem("validation_error", "a share is 0 to 100 percent")
    return ProviderAgreement.objects.create(
        model=model, version=(last.version if last else 0) + 1, provider_id=provider_id, share_percent=share_percent,
        effective_from=effective_from, hold_days=hold_days)


def agreement_for(model: str, period: date) -> ProviderAgreement | None:
    """The terms of a period; None for the house's own models. A provider's model without terms gets the house's."""
    found = ProviderAgreement.objects.filter(model=model).order_by("-effective_from")
    if found.exists() or not _owner_of:
        return found.filter(effective_from__lte=period).first()
    owner = _owner_of[0](model)
    return None if owner is None else agree(model=model, provider_id=owner, share_percent=HOUSE_SHARE,
                                            effective_from=period)


def divide(net: int, share_percent: Decimal) -> tuple[int, int]:
    """(share, platform), which add up to `net`; the share is rounded half away from zero, the same for a reversal."""
    size = rating.round_half_up(abs(net) * share_percent * Decimal("0.01"))
    share = size if net >= 0 else -size
    return share, net - share


def allocate(invoice: Invoice) -> list[RevenueShareLine]:
    """The shares of a paid invoice, once; called in the transaction that pays it."""
    lines = list(invoice.lines.filter(type__in=[InvoiceLine.Type.USAGE, InvoiceLine.Type.LATE]).exclude(model=""))
    positive = [max(line.amount, 0) for line in lines]
    off = [0] * len(lines)
    if invoice.discount and any(positive):
        off = rating.share(min(invoice.discount, sum(positive)), positive)
    made = []
    for line, less in zip(lines, off, strict=True):
        terms = agreement_for(line.model, line.period_start)
        net = line.amount - less
        if terms is None or net == 0:
            continue
        share, platform = divide(net, terms.share_percent)
        made.append(RevenueShareLine(
            invoice_line=line, agreement=terms, provider_id=terms.provider_id, model=line.model,
            currency=invoice.currency, net=net, share=share, platform=platform,
            held_until=clock.now().date() + timedelta(days=terms.hold_days)))
    return RevenueShareLine.objects.bulk_create(made)


def reverse(note: CreditNote) -> list[RevenueShareLine]:
    """Takes back from providers what this credit note gives back; once per note and line."""
    invoice = note.invoice
    basis = invoice.total + invoice.credit
    refunded = int(CreditNote.objects.filter(invoice=invoice).exclude(status=CreditNote.Status.FAILED)
                   .aggregate(n=Sum("amount"))["n"] or 0)
    made = []
    shares = RevenueShareLine.objects.filter(invoice_line__invoice=invoice)
    for original in shares.filter(credit_note__isnull=True).select_related("agreement"):
        earlier = shares.filter(invoice_line=original.invoice_line, credit_note__isnull=False).aggregate(
            net=Sum("net"), share=Sum("share"))
        net = -_part(original.net, refunded, basis) - int(earlier["net"] or 0)
        share = -_part(original.share, refunded, basis) - int(earlier["share"] or 0)
        if (net, share) == (0, 0):
            continue
        made.append(RevenueShareLine(
            invoice_line=original.invoice_line, credit_note=note, agreement=original.agreement,
            provider_id=original.provider_id, model=original.model, currency=original.currency, net=net, share=share,
            platform=net - share, held_until=clock.now().date()))
    return RevenueShareLine.objects.bulk_create(made)


def _part(amount: int, refunded: int, basis: int) -> int:
    """round(amount * refunded / basis), half up; all of it where all is refunded."""
    exact = Fraction(amount * min(refunded, basis), basis)
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
