"""The tables of providers: agreements, their share of each paid line, payouts. Part of `billing.models`."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from kernel import clock
from kernel.money import EXPONENTS

CURRENCIES = [(code, code) for code in EXPONENTS]

__all__ = ["Payout", "PayoutLine", "ProviderAccount", "ProviderAgreement", "RevenueShareLine"]


class ProviderAccount(models.Model):
    """Where a provider's money goes: its connected account at Stripe."""

    organization = models.OneToOneField("accounts.Organization", on_delete=models.PROTECT, related_name="+")
    stripe_account = models.CharField(max_length=80, null=True, unique=True)
    payouts_enabled = models.BooleanField(default=False)
    details_submitted = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "billing_provider_account"


class ProviderAgreement(models.Model):
    """Who gets which share of a model's revenue. A version never changes (trigger); terms change by the next one."""

    model = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    provider = models.ForeignKey("accounts.Organization", on_delete=models.PROTECT, related_name="+")
    share_percent = models.DecimalField(max_digits=5, decimal_places=2)
    effective_from = models.DateField(help_text="usage periods that begin on this day or later")
    hold_days = models.PositiveSmallIntegerField(default=14)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "billing_provider_agreement"
        ordering = ["model", "version"]
        constraints = [
            models.UniqueConstraint(fields=["model", "version"], name="agreement_once"),
            models.CheckConstraint(name="agreement_share", condition=Q(share_percent__gte=0, share_percent__lte=100)),
        ]


class Payout(models.Model):
    """One settlement of a provider in one currency; its statement lists the share lines behind it."""

    provider = models.ForeignKey("accounts.Organization", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3, choices=CURRENCIES)
    until = models.DateField(help_text="shares whose hold ended before this day")
    total = models.BigIntegerField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "billing_payout"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "currency", "until"], name="payout_once"),
            models.CheckConstraint(name="payout_total", condition=Q(total__gt=0)),
        ]


class PayoutLine(models.Model):
    """The transfer of a payout: frozen amount and destination, sent once."""

    class Status(models.TextChoices):
        SENDING = "sending"
        PAID = "paid"
        FAILED = "failed"  # refused: sent again under a new line
        REVERSED = "reversed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="lines")
    amount = models.BigIntegerField()
    destination = models.CharField(max_length=80)
    status = models.CharField(max_length=10, choices=Status, default=Status.SENDING)
    transfer_ref = models.CharField(max_length=80, null=True, unique=True)
    error = models.CharField(max_length=300, blank=True, default="")
    next_send_at = models.DateTimeField(default=clock.now)
    created_at = models.DateTimeField(default=clock.now)
    paid_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "billing_payout_line"
        constraints = [
            models.CheckConstraint(name="payout_line_amount", condition=Q(amount__gt=0)),
            models.UniqueConstraint(fields=["payout"], condition=Q(status__in=["sending", "paid"]),
                                    name="payout_one_transfer"),
        ]


class RevenueShareLine(models.Model):
    """How one paid invoice line (or its refund) is divided: share + platform = net, to the minor unit."""

    invoice_line = models.ForeignKey("billing.InvoiceLine", on_delete=models.PROTECT, related_name="+")
    credit_note = models.ForeignKey("billing.CreditNote", on_delete=models.PROTECT, null=True, related_name="+")
    agreement = models.ForeignKey(ProviderAgreement, on_delete=models.PROTECT, related_name="+")
    provider = models.ForeignKey("accounts.Organization", on_delete=models.PROTECT, related_name="+")
    model = models.CharField(max_length=64)
    currency = models.CharField(max_length=3, choices=CURRENCIES)
    net = models.BigIntegerField(help_text="what the customer paid for the line, after discounts, without tax")
    share = models.BigIntegerField()
    platform = models.BigIntegerField()
    held_until = models.DateField()
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, null=True, related_name="shares")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "billing_revenue_share_line"
        indexes = [models.Index(fields=["provider", "currency", "held_until"], name="share_by_provider")]
        constraints = [
            models.CheckConstraint(name="share_adds_up", condition=Q(net=F("share") + F("platform"))),
            models.UniqueConstraint(fields=["invoice_line"], condition=Q(credit_note__isnull=True),
                                    name="share_once_a_line"),
            models.UniqueConstraint(fields=["invoice_line", "credit_note"], name="share_once_a_refund"),
        ]
