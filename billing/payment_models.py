"""The tables of payment: credit, coupons, attempts, webhooks, credit notes, reminders. Part of `billing.models`."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from kernel import clock
from kernel.money import EXPONENTS

CURRENCIES = [(code, code) for code in EXPONENTS]

__all__ = ["AppliedCoupon", "Coupon", "CreditGrant", "CreditNote", "CreditTx", "Dispute", "Mail", "PaymentAttempt",
           "PaymentMethod", "ReceiptKey", "ReconciliationDay", "TopUp", "WebhookEvent"]


class CreditGrant(models.Model):
    """Credit that an account was given or bought. `balance` is the sum of its movements, kept by a trigger."""

    class Kind(models.TextChoices):
        PAID = "paid"
        PROMO = "promo"

    account = models.ForeignKey("billing.BillingAccount", on_delete=models.PROTECT, related_name="credit_grants")
    kind = models.CharField(max_length=8, choices=Kind)
    currency = models.CharField(max_length=3, choices=CURRENCIES)
    amount = models.BigIntegerField()
    balance = models.BigIntegerField(default=0)
    source_ref = models.CharField(max_length=100, unique=True, help_text="what it was granted for; once")
    reason = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "billing_credit_grant"
        constraints = [
            models.CheckConstraint(name="credit_amount", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="credit_balance", condition=Q(
                balance__gte=0, balance__lte=models.F("amount"))),
            models.CheckConstraint(name="credit_kind", condition=Q(kind__in=["paid", "promo"])),
        ]


class CreditTx(models.Model):
    """A movement of credit. Append only (trigger)."""

    class Kind(models.TextChoices):
        GRANT = "grant"
        APPLY = "apply"  # paid an invoice
        RESTORE = "restore"  # the invoice it paid was voided
        EXPIRE = "expire"
        REVOKE = "revoke"  # the payment behind it was refunded or taken back

    grant = models.ForeignKey(CreditGrant, on_delete=models.PROTECT, related_name="movements")
    invoice = models.ForeignKey("billing.Invoice", on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind)
    amount = models.BigIntegerField(help_text="negative takes away")
    source_ref = models.CharField(max_length=120, unique=True)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "billing_credit_tx"
        constraints = [models.CheckConstraint(name="credit_tx_amount", condition=~Q(amount=0))]


class Coupon(models.Model):
    """A percentage or an amount off usage, for a number of periods."""

    code = models.CharField(max_length=40, unique=True)
    percent = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, choices=CURRENCIES, blank=True, default="")
    periods = models.PositiveSmallIntegerField(default=1)
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "billing_coupon"
        constraints = [models.CheckConstraint(name="coupon_worth", condition=(
            Q(percent__gt=0, percent__lte=100, minor__isnull=True)
            | Q(percent__isnull=True, minor__gt=0) & ~Q(currency="")))]

    def __str__(self) -> str:
        return self.code


class AppliedCoupon(models.Model):
    """A coupon that an account redeemed: it counts for `left` further invoices."""

    account = models.ForeignKey("billing.BillingAccount", on_delete=models.PROTECT, related_name="coupons")
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="uses")
    left = models.PositiveSmallIntegerField()
    redeemed_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "billing_applied_coupon"
        constraints = [models.UniqueConstraint(fields=["account", "coupon"], name="coupon_once")]


class PaymentMethod(models.Model):
    """A saved card as Stripe last described it. Derived: a sync rewrites it."""

    account = models.ForeignKey("billing.BillingAccount", on_delete=models.CASCADE, related_name="methods")
    method_id = models.CharField(max_length=80, unique=True)
    brand = models.CharField(max_length=20)
    last4 = models.CharField(max_length=4)
    exp_month = models.PositiveSmallIntegerField()
    exp_year = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "billing_payment_method"


class TopUp(models.Model):
    """Credit being bought at Stripe's checkout; paid ones became a paid invoice and a credit grant."""

    class Status(models.TextChoices):
        OPEN = "open"
        PAID = "paid"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    account = models.ForeignKey("billing.BillingAccount", on_delete=models.PROTECT, related_name="topups")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3, choices=CURRENCIES)
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    session_id = models.CharField(max_length=120, null=True, unique=True)
    invoice = models.OneToOneField("billing.Invoice", on_delete=models.PROTECT, null=True, related_name="topup")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "billing_topup"
        constraints = [models.CheckConstraint(name="topup_amount", condition=Q(amount__gt=0))]


class PaymentAttempt(models.Model):
    """One request for an invoice's money. Its request is frozen and its id is the idempotency key, so that sending it
    again can't charge again. One may be in flight, and one may succeed, for an invoice: two indexes say so."""

    class Status(models.TextChoices):
        SENDING = "sending"  # written before the request leaves; also while its answer is unknown
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        STUCK = "stuck"  # a person must look: its outcome could not be found out

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    invoice = models.ForeignKey("billing.Invoice", on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3, choices=CURRENCIES)
    request = models.JSONField()
    status = models.CharField(max_length=10, choices=Status, default=Status.SENDING)
    provider_ref = models.CharField(max_length=80, null=True, unique=True, help_text="Stripe's payment intent")
    charge_ref = models.CharField(max_length=80, blank=True, default="")
    error_code = models.CharField(max_length=60, blank=True, default="")
    error = models.CharField(max_length=300, blank=True, default="")
    sends = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    next_send_at = models.DateTimeField(default=clock.now, help_text="when another process may take it up")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "billing_payment_attempt"
        constraints = [
            models.UniqueConstraint(fields=["invoice", "number"], name="attempt_number"),
            models.UniqueConstraint(fields=["invoice"], condition=Q(status__in=["sending", "stuck"]),
                                    name="attempt_one_in_flight"),
            models.UniqueConstraint(fields=["invoice"], condition=Q(status="succeeded"), name="attempt_one_success"),
            models.CheckConstraint(name="attempt_amount", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="attempt_status", condition=Q(
                status__in=["sending", "succeeded", "failed", "stuck"])),
        ]


class CreditNote(models.Model):
    """Money given back for a paid invoice: to the card, or as credit. Together never more than was paid (trigger)."""

    class Status(models.TextChoices):
        SENDING = "sending"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    invoice = models.ForeignKey("billing.Invoice", on_delete=models.PROTECT, related_name="credit_notes")
    number = models.BigIntegerField(unique=True)
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    to_credit = models.BooleanField(default=False)
    status = models.CharField(max_length=8, choices=Status, default=Status.SENDING)
    refund_ref = models.CharField(max_length=80, null=True, unique=True)
    error = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)
    next_send_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "billing_credit_note"
        ordering = ["-number"]
        constraints = [models.CheckConstraint(name="credit_note_amount", condition=Q(amount__gt=0))]

    @property
    def label(self) -> str:
        return f"TSC-{self.number:06d}"


class Dispute(models.Model):
    """A payment that the customer's bank took back, as Stripe last described it."""

    dispute_id = models.CharField(max_length=80, unique=True)
    attempt = models.ForeignKey(PaymentAttempt, on_delete=models.PROTECT, null=True, related_name="disputes")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=60)
    status = models.CharField(max_length=40)
    opened_at = models.DateTimeField(default=clock.now)
    evidence_due_at = models.DateTimeField(null=True, help_text="until when Stripe takes evidence")
    closed_at = models.DateTimeField(null=True)
    note = models.OneToOneField(CreditNote, on_delete=models.PROTECT, null=True, related_name="+",
                                help_text="what a loss gave back")

    class Meta:
        db_table = "billing_dispute"
        ordering = ["-opened_at"]


class WebhookEvent(models.Model):
    """What Stripe told us, stored before it is handled. Handling asks Stripe for the object's present state."""

    provider = models.CharField(max_length=12, default="stripe")
    event_id = models.CharField(max_length=80)
    type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=120, blank=True, default="")
    payload = models.TextField()
    created_at = models.DateTimeField(help_text="by Stripe's clock")
    received_at = models.DateTimeField(default=clock.now)
    how = models.CharField(max_length=8, default="webhook", help_text="webhook, or sweep for one that got lost")
    handled_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=clock.now)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        db_table = "billing_webhook_event"
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="webhook_event_once")]
        indexes = [models.Index(fields=["next_try_at"], condition=Q(handled_at__isnull=True), name="webhook_open")]


class Mail(models.Model):
    """A letter to a customer, written in the transaction that it tells of and sent after it. `ref` makes it one."""

    account = models.ForeignKey("billing.BillingAccount", on_delete=models.PROTECT, related_name="mails")
    ref = models.CharField(max_length=100, unique=True)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    created_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "billing_mail"
        indexes = [models.Index(fields=["id"], condition=Q(sent_at__isnull=True), name="mail_waiting")]


class ReceiptKey(models.Model):
    """A key pair that receipts are or were signed by. The secret half of a retired one is forgotten."""

    kid = models.CharField(max_length=16, unique=True)
    public = models.BinaryField()
    sealed = models.BinaryField(help_text="the secret half, under the installation's secret; empty once retired")
    created_at = models.DateTimeField(default=clock.now)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "billing_receipt_key"
        constraints = [models.UniqueConstraint(
            models.Value(1), condition=Q(retired_at=None), name="receipt_key_present")]


class ReconciliationDay(models.Model):
    """Stripe's balance movements of a day against our attempts, credit notes and payouts."""

    day = models.DateField(primary_key=True)
    checked_at = models.DateTimeField(default=clock.now)
    movements = models.PositiveIntegerField()
    matched = models.PositiveIntegerField()
    differences = models.JSONField(default=list, help_text="what only one side knows, or knows otherwise")

    class Meta:
        db_table = "billing_reconciliation_day"
