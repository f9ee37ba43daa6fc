"""The tables of billing. What must always hold is held by the database: checks, unique indexes and, in the migration
`0002_guards`, triggers (append-only ledger, immutable prices and finalized invoices).

Money is BIGINT minor units; unit prices are NUMERIC(24,12) minor units; a unit of usage is a BIGINT.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from kernel import clock
from kernel.money import EXPONENTS

CURRENCIES = [(code, code) for code in EXPONENTS]


class Plan(models.Model):
    """How an organization pays and what it may do: the limits that its grants carry."""

    class Kind(models.TextChoices):
        FREE = "free"
        PAY_AS_YOU_GO = "pay_as_you_go"
        PREPAID = "prepaid"
        COMMITTED = "committed"

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.PAY_AS_YOU_GO)
    charges_usage = models.BooleanField(help_text="False: usage is included, and stops at monthly_units")
    monthly_units = models.BigIntegerField(null=True, help_text="hard limit of billable calls a month")
    rate_per_minute = models.PositiveIntegerField()
    concurrency = models.PositiveIntegerField()
    discount_percent = models.DecimalField(max_digits=5, decimal_places=2, default=0, help_text="off all usage")

    class Meta:
        db_table = "billing_plan"
        constraints = [
            models.CheckConstraint(name="plan_kind", condition=Q(
                kind__in=["free", "pay_as_you_go", "prepaid", "committed"])),
            models.CheckConstraint(name="plan_discount", condition=Q(
                discount_percent__gte=0, discount_percent__lte=100)),
        ]

    def __str__(self) -> str:
        return self.code


class PlanCommitment(models.Model):
    """What a committed plan costs at least in a period, in one currency."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="commitments")
    currency = models.CharField(max_length=3, choices=CURRENCIES)
    minor = models.BigIntegerField()

    class Meta:
        db_table = "billing_plan_commitment"
        constraints = [
            models.UniqueConstraint(fields=["plan", "currency"], name="commitment_once"),
            models.CheckConstraint(name="commitment_amount", condition=Q(minor__gt=0)),
        ]


class TaxRate(models.Model):
    """A percentage that is added to invoices. A rate never changes; a new law is a new rate."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    percent = models.DecimalField(max_digits=6, decimal_places=3)

    class Meta:
        db_table = "billing_tax_rate"
        constraints = [models.CheckConstraint(name="tax_percent", condition=Q(percent__gte=0, percent__lte=100))]

    def __str__(self) -> str:
        return self.code


class BillingAccount(models.Model):
    """One organization's purse: its currency, its plan, how it pays and what is carried to the next invoice."""

    class State(models.TextChoices):
        ACTIVE = "active"
        BLOCKED = "blocked"  # softly: slower, and no new spending beyond the free allowance
        SUSPENDED = "suspended"

    organization = models.OneToOneField("accounts.Organization", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3, choices=CURRENCIES, default="USD")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    carried_minor = models.BigIntegerField(default=0, help_text="moved to the next invoice; negative in their favour")
    limit_minor = models.BigIntegerField(null=True, blank=True, help_text="hard money limit of a month")
    created_at = models.DateTimeField(default=clock.now)
    next_plan = models.ForeignKey(Plan, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
                                  help_text="takes over on next_plan_from")
    next_plan_from = models.DateField(null=True, blank=True)
    plan_since = models.DateField(null=True, blank=True, help_text="the period with which the plan began")
    anchor_day = models.PositiveSmallIntegerField(default=1, help_text="day of the month on which periods begin")
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    email = models.EmailField(max_length=254, blank=True, default="", help_text="where bills and reminders go")
    legal_name = models.CharField(max_length=200, blank=True, default="")
    address = models.TextField(blank=True, default="")
    tax_id = models.CharField(max_length=40, blank=True, default="")
    tax_rate = models.ForeignKey(TaxRate, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    stripe_customer = models.CharField(max_length=80, null=True, blank=True, unique=True)
    default_method = models.CharField(max_length=80, blank=True, default="", help_text="Stripe's payment method id")
    recharge_below_minor = models.BigIntegerField(null=True, blank=True)
    recharge_minor = models.BigIntegerField(null=True, blank=True)
    told_limit_minor = models.BigIntegerField(null=True, help_text="what the grants were last built with")

    class Meta:
        db_table = "billing_account"
        constraints = [
            models.CheckConstraint(name="account_limit", condition=Q(limit_minor__gte=0)),
            models.CheckConstraint(name="account_anchor", condition=Q(anchor_day__gte=1, anchor_day__lte=31)),
            models.CheckConstraint(name="account_state", condition=Q(state__in=["active", "blocked", "suspended"])),
            models.CheckConstraint(name="account_recharge", condition=Q(
                recharge_below_minor__isnull=True, recharge_minor__isnull=True)
                | Q(recharge_below_minor__gte=0, recharge_minor__gt=0)),
        ]

    def __str__(self) -> str:
        return f"account of organization {self.organization_id}"


class UsageEvent(models.Model):
    """The ledger. Append only: a trigger refuses UPDATE and DELETE; mistakes are undone by corrections.

    No foreign keys: an entry stays true whatever becomes of the key or the model, and writing it locks nothing.
    """

    class Kind(models.TextChoices):
        USAGE = "usage"
        CORRECTION = "correction"
        LATE = "late"

    event_id = models.UUIDField(primary_key=True)
    org_id = models.BigIntegerField()
    key_id = models.BigIntegerField()
    model = models.CharField(max_length=64)
    version = models.IntegerField()
    unit = models.CharField(max_length=16)
    units = models.BigIntegerField()
    price_version = models.IntegerField()
    unit_amount = models.DecimalField(max_digits=24, decimal_places=12)
    currency = models.CharField(max_length=3)
    mode = models.CharField(max_length=4)
    occurred_at = models.DateTimeField()
    ingested_at = models.DateTimeField(db_default=models.functions.Now())
    request_hash = models.BinaryField()
    latency_ms = models.IntegerField()
    source = models.CharField(max_length=8, default="sync")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.USAGE)
    corrects = models.UUIDField(null=True)
    reason = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        db_table = "billing_usage_event"
        indexes = [models.Index(fields=["org_id", "-occurred_at", "-event_id"], name="usage_event_by_org")]
        constraints = [
            models.CheckConstraint(name="usage_units", condition=Q(units__gte=0) | Q(kind="correction")),
            models.CheckConstraint(name="usage_unit_amount", condition=Q(unit_amount__gte=0)),
            models.CheckConstraint(name="usage_kind", condition=Q(kind__in=["usage", "correction", "late"])),
            models.CheckConstraint(name="usage_mode", condition=Q(mode__in=["live", "test"])),
            models.CheckConstraint(name="usage_source", condition=Q(source__in=["sync", "async", "batch"])),
            models.CheckConstraint(
                name="usage_correction", condition=Q(kind="correction", corrects__isnull=False) & ~Q(reason="")
                | ~Q(kind="correction") & Q(corrects__isnull=True)),
        ]


class UsageRollupHour(models.Model):
    """Sums of the ledger by hour, written in the same transaction as their events. `verify_ledger` recomputes them."""

    pk = models.CompositePrimaryKey("org_id", "key_id", "model", "unit", "price_version", "currency", "mode", "hour")
    org_id = models.BigIntegerField()
    key_id = models.BigIntegerField()
    model = models.CharField(max_length=64)
    unit = models.CharField(max_length=16)
    price_version = models.IntegerField()
    currency = models.CharField(max_length=3)
    mode = models.CharField(max_length=4)
    hour = models.DateTimeField()
    units = models.DecimalField(max_digits=30, decimal_places=0)
    events = models.BigIntegerField()
    amount = models.DecimalField(max_digits=38, decimal_places=12, help_text="units x unit_amount, exact, unrounded")

    class Meta:
        db_table = "billing_usage_rollup_hour"
        indexes = [models.Index(fields=["org_id", "hour"], name="usage_rollup_by_org_hour")]


class Price(models.Model):
    """What a unit of a model costs under one price version, as rating first saw it. A trigger refuses any change."""

    class Scheme(models.TextChoices):
        PER_UNIT = "per_unit"
        GRADUATED = "graduated"
        VOLUME = "volume"
        PACKAGE = "package"

    model = models.CharField(max_length=64)
    version = models.IntegerField()
    unit = models.CharField(max_length=16)
    currency = models.CharField(max_length=3, choices=CURRENCIES)
    scheme = models.CharField(max_length=12, choices=Scheme, default=Scheme.PER_UNIT)
    included = models.BigIntegerField(default=0, help_text="units a month that cost nothing")
    package_size = models.BigIntegerField(default=1)
    pool = models.CharField(max_length=64, default="", blank=True,
                            help_text="models of one pool are rated on their units together")
    effective_from = models.DateField(null=True, help_text="set for prices that billing schedules: from this period on")

    class Meta:
        db_table = "billing_price"
        constraints = [
            models.UniqueConstraint(fields=["model", "version"], name="price_once"),
            models.CheckConstraint(name="price_included", condition=Q(included__gte=0)),
            models.CheckConstraint(name="price_package", condition=Q(package_size__gte=1)),
        ]


class PriceTier(models.Model):
    """One step of a price: up to and including `up_to` units; exactly one tier is open (null)."""

    price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="tiers")
    up_to = models.BigIntegerField(null=True)
    unit_amount = models.DecimalField(max_digits=24, decimal_places=12)
    flat_amount = models.DecimalField(max_digits=24, decimal_places=12, default=0)

    class Meta:
        db_table = "billing_price_tier"
        ordering = [F("up_to").asc(nulls_last=True)]
        constraints = [
            models.UniqueConstraint(fields=["price", "up_to"], name="tier_once"),
            models.UniqueConstraint(fields=["price"], condition=Q(up_to__isnull=True), name="tier_one_open"),
            models.CheckConstraint(name="tier_amounts", condition=Q(unit_amount__gte=0, flat_amount__gte=0)),
            models.CheckConstraint(name="tier_up_to", condition=Q(up_to__gt=0)),
        ]


class InvoiceCounter(models.Model):
    """The next invoice number of a series. Locked while an invoice is issued, so numbers have no gaps."""

    series = models.CharField(max_length=8, primary_key=True)
    next_number = models.BigIntegerField(default=1)

    class Meta:
        db_table = "billing_invoice_counter"


class Invoice(models.Model):
    """draft → issued → paid / past_due / void. From `issued` on only the state and the payment may move (trigger)."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        ISSUED = "issued"
        PAID = "paid"
        PAST_DUE = "past_due"
        VOID = "void"

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="invoices")
    organization = models.ForeignKey("accounts.Organization", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, default="usage", help_text="usage of a period, or a topup of credit")
    status = models.CharField(max_length=8, choices=Status, default=Status.DRAFT)
    number = models.BigIntegerField(null=True, unique=True)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3, choices=CURRENCIES)
    period_start = models.DateField()
    period_end = models.DateField(help_text="first day after the period")
    subtotal = models.BigIntegerField(default=0)
    discount = models.BigIntegerField(default=0)
    credit = models.BigIntegerField(default=0)
    tax = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    amount_paid = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    issued_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    cut_at = models.DateTimeField(null=True, help_text="by the database's clock: entries that came later are late")
    tax_percent = models.DecimalField(max_digits=6, decimal_places=3, default=0)
    bill_to = models.JSONField(default=dict, help_text="name, address and tax id as they were when it was issued")
    next_attempt_at = models.DateTimeField(null=True, help_text="when the collector tries next; null: not by itself")
    failed_at = models.DateTimeField(null=True, help_text="the first refused payment: dunning counts from here")
    dunning_step = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "billing_invoice"
        ordering = ["-period_start", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "period_start"], condition=Q(kind="usage"),
                                    name="invoice_once_a_period"),
            models.CheckConstraint(name="invoice_kind", condition=Q(kind__in=["usage", "topup"])),
            models.CheckConstraint(name="invoice_total", condition=Q(
                total=F("subtotal") - F("discount") - F("credit") + F("tax"))),
            models.CheckConstraint(name="invoice_amounts", condition=Q(
                total__gte=0, discount__gte=0, credit__gte=0, tax__gte=0, amount_paid__gte=0)),
            models.CheckConstraint(name="invoice_paid", condition=~Q(status="paid") | Q(amount_paid=F("total"))),
            models.CheckConstraint(name="invoice_status", condition=Q(
                status__in=["draft", "issued", "paid", "past_due", "void"])),
            models.CheckConstraint(name="invoice_number", condition=Q(status="draft", number__isnull=True)
                                   | ~Q(status="draft") & Q(number__isnull=False, issued_at__isnull=False)),
            models.CheckConstraint(name="invoice_period", condition=Q(period_end__gt=F("period_start"))),
        ]

    @property
    def label(self) -> str:
        """The number as people write it."""
        return f"TSR-{self.number:06d}" if self.number else "draft"


class InvoiceLine(models.Model):
    """Units of one model under one price in one period, and what they cost: rounded once, explained in full."""

    class Type(models.TextChoices):
        USAGE = "usage"
        LATE = "late"  # usage or corrections of an earlier period, after its invoice was issued
        CARRY_IN = "carry_in"  # what the last invoice moved here
        CARRY_OUT = "carry_out"  # too little to collect (or in their favour): moved to the next invoice
        COMMITMENT = "commitment"  # what is missing to a committed plan's minimum
        TOPUP = "topup"  # credit bought

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    type = models.CharField(max_length=12, choices=Type)
    model = models.CharField(max_length=64, default="")
    unit = models.CharField(max_length=16, default="")
    price_version = models.IntegerField(default=0)
    period_start = models.DateField()
    units = models.BigIntegerField(default=0)
    included = models.BigIntegerField(default=0)
    unit_amount = models.DecimalField(max_digits=24, decimal_places=12, null=True, help_text="null where tiers apply")
    amount = models.BigIntegerField()

    class Meta:
        db_table = "billing_invoice_line"
        ordering = ["id"]
        constraints = [models.UniqueConstraint(
            fields=["invoice", "type", "model", "unit", "price_version", "period_start"], name="invoice_line_once")]


class UsagePeriod(models.Model):
    """What of a month's usage is on invoices already; late usage bills only the difference."""

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="periods")
    period_start = models.DateField()
    model = models.CharField(max_length=64)
    unit = models.CharField(max_length=16)
    price_version = models.IntegerField()
    billed_units = models.BigIntegerField(default=0)
    billed_included = models.BigIntegerField(default=0)
    billed_amount = models.BigIntegerField(default=0)

    class Meta:
        db_table = "billing_usage_period"
        constraints = [
            models.UniqueConstraint(fields=["account", "period_start", "model", "unit", "price_version"],
                                    name="usage_period_once"),
            models.CheckConstraint(name="usage_period_billed", condition=Q(billed_amount__gte=0)),
        ]


# Django finds an app's tables through this module.
from billing.budget_models import *  # noqa: E402, F403
from billing.payment_models import *  # noqa: E402, F403
from billing.provider_models import *  # noqa: E402, F403
