"""Which models exist, which versions they have, what they cost and how calls are spread over the versions."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kernel import clock


class Model(models.Model):
    """A name with a fixed signature. A changed signature is a new version only where callers can't tell."""

    class State(models.TextChoices):
        ACTIVE = "active"
        DEPRECATED = "deprecated"
        RETIRED = "retired"
        TAKEN_DOWN = "taken_down"  # by staff: nobody's call reaches it, its owner's neither

    class Visibility(models.TextChoices):
        PRIVATE = "private"
        ORGANIZATION = "organization"
        PUBLIC = "public"

    class Access(models.TextChoices):
        OPEN = "open"
        GATED = "gated"  # its provider decides which organizations may subscribe

    name = models.CharField(max_length=64, unique=True)
    owner = models.ForeignKey("accounts.Organization", models.PROTECT, null=True, blank=True, related_name="+",
                              help_text="Empty: the house.")
    public = models.BooleanField(default=True)  # what the shelf and the gateway go by
    visibility = models.CharField(max_length=12, choices=Visibility.choices, default=Visibility.PUBLIC)
    access = models.CharField(max_length=8, choices=Access.choices, default=Access.OPEN)
    task = models.CharField(max_length=64, db_index=True)
    domain = models.CharField(max_length=32, db_index=True)
    family = models.CharField(max_length=32)
    title = models.CharField(max_length=120)
    title_zh = models.CharField(max_length=120, blank=True)
    summary = models.TextField()
    summary_zh = models.TextField(blank=True)
    industry = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    license_code = models.CharField(max_length=60, blank=True)
    license_weights = models.CharField(max_length=60, blank=True)
    source = models.CharField(max_length=2, blank=True)
    evidence = models.CharField(max_length=2, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.ACTIVE)
    manifest = models.JSONField(default=dict)
    example = models.JSONField(null=True, blank=True)
    # Traffic: [{"version", "weight", "label"}], weights sum to 100. Empty: the newest ready version takes all.
    traffic = models.JSONField(default=list, blank=True)
    sticky_by = models.CharField(max_length=20, default="key")
    shadow = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    # Of a provider's model: what its first good version fixed, what the provider wrote of it, and who brought it.
    signature = models.JSONField(null=True, blank=True)
    card = models.JSONField(default=dict, blank=True)
    terms = models.TextField(blank=True, max_length=20_000)
    created_by = models.CharField(max_length=32, blank=True)
    # How a provider wants it run: see deployment_plan. Empty: as every model is.
    deployment = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["owner", "name"], condition=Q(owner__isnull=False), name="model_of_owner")]
        constraints = [models.CheckConstraint(
            condition=Q(name__regex=r"^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$"), name="model_name_form")]

    def __str__(self) -> str:
        return self.name


class Artifact(models.Model):
    """Bytes, known by their SHA-256."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.BigIntegerField()
    name = models.CharField(max_length=160)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.name} {self.sha256[:12]}"


class ModelVersion(models.Model):
    """One immutable state of a model; its number is the version folder in the Triton repository."""

    class State(models.TextChoices):
        UPLOADING = "uploading"
        VALIDATING = "validating"
        READY = "ready"
        FAILED = "failed"
        RETIRED = "retired"

    model = models.ForeignKey(Model, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    label = models.CharField(max_length=40)
    state = models.CharField(max_length=12, choices=State.choices, default=State.READY)
    digest = models.CharField(max_length=64)
    manifest = models.JSONField(default=dict)
    report = models.JSONField(default=dict, blank=True)
    artifacts = models.ManyToManyField(Artifact, blank=True, related_name="versions")
    created_at = models.DateTimeField(default=clock.now)
    # Of an uploaded version. `service` is what its host runs by; a trigger keeps it, the digest and the number as they
    # were when the version became ready.
    service = models.JSONField(default=dict, blank=True)
    changelog = models.TextField(blank=True, max_length=10_000)
    lineage = models.JSONField(default=dict, blank=True)
    stages = models.JSONField(default=list, blank=True)  # [{"state", "at", "by"}]
    sunset_at = models.DateTimeField(null=True, blank=True)
    successor = models.PositiveIntegerField(null=True, blank=True)
    created_by = models.CharField(max_length=32, blank=True)
    # Of its validation: what was sent, and who is at it until when.
    upload = models.JSONField(default=dict, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["model", "-number"]
        indexes = [models.Index(fields=["state"], condition=Q(state="validating"), name="version_validating")]
        constraints = [models.UniqueConstraint(fields=["model", "number"], name="model_version_once")]

    def __str__(self) -> str:
        return f"{self.model_id} v{self.number}"


class Alias(models.Model):
    """A word for a version, such as stable or canary."""

    model = models.ForeignKey(Model, models.CASCADE, related_name="aliases")
    name = models.SlugField(max_length=32)
    version = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "name"], name="model_alias_once")]

    def __str__(self) -> str:
        return f"{self.name} → {self.version}"


class Price(models.Model):
    """What one unit costs from a moment on, in exact minor units. A trigger keeps every row as it was written."""

    model = models.ForeignKey(Model, models.CASCADE, related_name="prices")
    version = models.PositiveIntegerField()
    unit = models.CharField(max_length=12)
    amount = models.DecimalField(max_digits=24, decimal_places=12)
    currency = models.CharField(max_length=3)
    free_per_month = models.PositiveIntegerField(default=0)
    valid_from = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["model", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["model", "version"], name="price_version_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} minor units a {self.unit}"


class TrafficChange(models.Model):
    """One change of a model's traffic, as it stood afterwards; a rollback goes back to one of them."""

    model = models.ForeignKey(Model, models.CASCADE, related_name="traffic_changes")
    number = models.PositiveIntegerField()
    targets = models.JSONField(default=list)
    sticky_by = models.CharField(max_length=20, default="key")
    shadow = models.PositiveIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    by = models.CharField(max_length=32, blank=True)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["model", "-number"]
        constraints = [models.UniqueConstraint(fields=["model", "number"], name="traffic_change_once")]

    def __str__(self) -> str:
        return f"{self.model_id} change {self.number}"


class Rollout(models.Model):
    """A guarded way of a version to all calls: step by step, and back at once when an alarm goes off. One is open at
    a time."""

    class State(models.TextChoices):
        RUNNING = "running"
        PROMOTED = "promoted"
        ROLLED_BACK = "rolled_back"
        CANCELED = "canceled"

    model = models.ForeignKey(Model, models.CASCADE, related_name="rollouts")
    stable = models.PositiveIntegerField()
    canary = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.RUNNING)
    guard = models.JSONField(default=dict)  # steps, bake time and alarms: see rollout_rules
    step = models.PositiveSmallIntegerField(default=0)
    step_at = models.DateTimeField(default=clock.now)
    baseline = models.JSONField(default=dict)  # what was counted of both versions when the step began
    seen = models.JSONField(default=dict, blank=True)  # the latest look
    alarm = models.JSONField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    started_by = models.CharField(max_length=32, blank=True)
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["model"], condition=Q(state="running"),
                                               name="rollout_one_open")]

    def __str__(self) -> str:
        return f"{self.model_id} {self.canary}: {self.state}"


class Outcome(models.Model):
    """What came of an answer, as its provider saw it later: the measure by which two versions are compared."""

    model = models.ForeignKey(Model, models.CASCADE, related_name="outcomes")
    version = models.PositiveIntegerField()
    metric = models.CharField(max_length=40)
    value = models.FloatField()
    subject = models.CharField(max_length=120)  # the prediction, or what the provider calls it; once a metric
    at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["model", "metric", "at"], name="outcome_of_metric")]
        constraints = [models.UniqueConstraint(fields=["model", "metric", "subject"], name="outcome_once")]

    def __str__(self) -> str:
        return f"{self.model_id} {self.metric}"


class Publication(models.Model):
    """A provider's request to put a model on the shelf, and what staff decided. One is open at a time."""

    class State(models.TextChoices):
        IN_REVIEW = "in_review"
        PUBLISHED = "published"
        REJECTED = "rejected"
        WITHDRAWN = "withdrawn"
        TAKEN_DOWN = "taken_down"

    model = models.ForeignKey(Model, models.CASCADE, related_name="publications")
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices, default=State.IN_REVIEW)
    terms = models.TextField(blank=True, max_length=20_000)
    pricing = models.JSONField(null=True, blank=True)
    approvals = models.JSONField(default=list, blank=True)  # [{"staff", "at", "note"}]
    reason = models.TextField(blank=True, max_length=2000)
    requested_by = models.CharField(max_length=32, blank=True)
    requested_at = models.DateTimeField(default=clock.now)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["model"], condition=Q(state="in_review"),
                                               name="publication_one_open")]

    def __str__(self) -> str:
        return f"{self.model_id} {self.state}"
