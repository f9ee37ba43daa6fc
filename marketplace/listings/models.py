"""What stands on the shelf, who subscribed to it and what they say about it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from kernel import clock


class Collection(models.Model):
    """A hand-picked row of listings, such as the tools of one industry."""

    slug = models.SlugField(max_length=40, unique=True)
    title = models.CharField(max_length=80)
    title_zh = models.CharField(max_length=80, blank=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.title


class Listing(models.Model):
    """A registry model on the shelf, with what the search reads."""

    model = models.OneToOneField("model_registry.Model", models.CASCADE, related_name="+")
    name = models.CharField(max_length=64, unique=True)
    published = models.BooleanField(default=True)
    featured = models.PositiveIntegerField(default=0, help_text="Higher stands further ahead; 0: not featured.")
    collections = models.ManyToManyField(Collection, blank=True, related_name="listings")
    words = SearchVectorField(null=True, editable=False)
    # Trigrams of Latin words and one- and two-character pieces of Chinese: what a typo or 发票 is found by.
    grams = ArrayField(models.CharField(max_length=8), default=list, editable=False)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["name"]
        indexes = [GinIndex(fields=["words"], name="listing_words"),
                             GinIndex(fields=["grams"], name="listing_grams")]

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """An organization's right to call a model, under a plan. One is active at a time."""

    class Plan(models.TextChoices):
        FREE = "free"
        PAYG = "payg"

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    model = models.ForeignKey("model_registry.Model", models.PROTECT, related_name="+")
    plan = models.CharField(max_length=8, choices=Plan.choices)
    created_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["organization", "model"], condition=Q(ended_at=None),
                                                         name="subscription_one_active")]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.plan} {self.model_id}"

    @property
    def model_name(self) -> str:
        return str(self.model.name)


class AccessRequest(models.Model):
    """An organization's wish to subscribe to a gated model, and what its provider said. One is open at a time."""

    class State(models.TextChoices):
        WAITING = "waiting"
        APPROVED = "approved"
        REFUSED = "refused"
        CANCELED = "canceled"  # by who asked
        WITHDRAWN = "withdrawn"  # approved, and taken back by the provider

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    model = models.ForeignKey("model_registry.Model", models.PROTECT, related_name="+")
    person = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+",
                               help_text="Who asked; empty: an API key, or somebody who is gone.")
    plan = models.CharField(max_length=8, choices=Subscription.Plan.choices, default=Subscription.Plan.PAYG)
    purpose = models.TextField(max_length=2000)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    reason = models.TextField(blank=True, max_length=2000)
    asked_at = models.DateTimeField(default=clock.now)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["organization", "model"],
                                               condition=Q(state__in=["waiting", "approved"]),
                                               name="access_request_one_open")]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.state} {self.model_id}"

    @property
    def model_name(self) -> str:
        return str(self.model.name)

    @property
    def organization_name(self) -> str:
        return str(self.organization.name)

    @property
    def who(self) -> str:
        """The address of the person who asked; empty where that was no person."""
        return str(self.person.email) if self.person else ""


class Review(models.Model):
    """What a member of a subscribed organization says about a listing."""

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    listing = models.ForeignKey(Listing, models.CASCADE, related_name="reviews")
    rating = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True, max_length=2000)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["listing", "user"], name="review_once"),
            models.CheckConstraint(condition=Q(rating__gte=1, rating__lte=5), name="review_rating_range"),
        ]

    def __str__(self) -> str:
        return f"{self.rating} for {self.listing_id}"


class Trial(models.Model):
    """Several models of one task on an organization's own labelled data."""

    class State(models.TextChoices):
        DRAFT = "draft"  # read and priced; nothing was called
        RUNNING = "running"
        DONE = "done"
        CANCELED = "canceled"

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    task = models.CharField(max_length=64)
    kind = models.CharField(max_length=8, help_text="Of the input: text, image, audio or bytes.")
    filename = models.CharField(max_length=255)
    rows_file = models.UUIDField(help_text="The stored file with one JSON object {value, label} a line.")
    labels = models.JSONField(help_text="The label of each row, in order.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    created_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["organization", "-id"], name="trial_of_organization")]

    def __str__(self) -> str:
        return f"{self.task}: {self.filename}"


class TrialRun(models.Model):
    """One model of a trial: a batch of calls, and what came of it."""

    trial = models.ForeignKey(Trial, models.CASCADE, related_name="runs")
    name = models.CharField(max_length=64)
    position = models.PositiveSmallIntegerField()
    units = models.PositiveIntegerField(help_text="As estimated before the run.")
    estimate = models.DecimalField(max_digits=24, decimal_places=12, help_text="Minor units, at list price.")
    currency = models.CharField(max_length=3)
    batch_id = models.UUIDField(null=True, blank=True)
    ended = models.BooleanField(default=False)
    correct = models.PositiveIntegerField(default=0)
    answered = models.PositiveIntegerField(default=0)
    p50_ms = models.FloatField(null=True, blank=True)
    p95_ms = models.FloatField(null=True, blank=True)
    cost = models.DecimalField(max_digits=24, decimal_places=12, default=0, help_text="Minor units that were metered.")
    answers = models.JSONField(default=list, help_text="What the model said to each row; null: no answer.")
    reason = models.TextField(blank=True, help_text="Why a run as a whole, or its first refused row, failed.")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["trial", "name"], name="trial_model_once")]

    def __str__(self) -> str:
        return f"{self.trial_id} {self.name}"
