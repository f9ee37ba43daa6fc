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

    name = models.CharField(max_length=64, unique=True)
    owner = models.ForeignKey("accounts.Organization", models.PROTECT, null=True, blank=True, related_name="+",
                              help_text="Empty: the house.")
    public = models.BooleanField(default=True)
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

    class Meta:
        ordering = ["name"]
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

    class Meta:
        ordering = ["model", "-number"]
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
