"""Who uses the marketplace: people, organizations, their members, keys and the trail they leave."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from kernel import clock


class UserManager(BaseUserManager["User"]):
    """Mail addresses are names here: one person each, whatever the case they are typed in."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.canonical(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=self.canonical(username or ""))

    @staticmethod
    def canonical(email: str) -> str:
        """The stored form of a mail address."""
        return email.strip().lower()


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by a mail address."""

    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)

    objects: ClassVar[UserManager] = UserManager()

    # The organization that was chosen to work in; not stored (see config.middleware.OrganizationOfSession).
    works_in: int | None = None

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["email"], name="user_email_unique"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_lower"),
        ]

    def __str__(self) -> str:
        return self.email

    def get_short_name(self) -> str:
        return self.name or self.email.partition("@")[0]


class Organization(models.Model):
    """The tenant: it owns keys, subscriptions, usage and invoices."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        PAST_DUE = "past_due"
        SUSPENDED = "suspended"

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    currency = models.CharField(max_length=3, default="USD")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ACTIVE)
    # What leaves the house instead of a name: payment metadata, ledgers, exports.
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(default=clock.now)
    # The rules that hold for its members' sessions and for its keys.
    require_two_factor = models.BooleanField(default=False)
    allowed_ips = ArrayField(models.CharField(max_length=49), default=list, blank=True,
                             help_text="Only from these networks; empty: from anywhere.")
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    OWNER = "owner"
    ADMIN = "admin"
    DEVELOPER = "developer"
    BILLING = "billing"
    VIEWER = "viewer"


class Membership(models.Model):
    """A person's role in an organization."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} of {self.organization_id}"


class Invitation(models.Model):
    """An open offer of membership; the link's token is kept as a hash only."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=12, choices=Role.choices)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.email} as {self.role}"


class Team(models.Model):
    """People and keys of an organization that belong together, with a ceiling of their own for the month."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="teams")
    name = models.CharField(max_length=80)
    monthly_limit_minor = models.BigIntegerField(null=True, blank=True, help_text="minor units; null: no ceiling")
    people = models.ManyToManyField(User, related_name="teams", blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="team_name_once")]

    def __str__(self) -> str:
        return self.name


class ServiceAccount(models.Model):
    """A program of an organization: it holds keys within its role, and outlives the person who made it."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="service_accounts")
    name = models.CharField(max_length=80)
    role = models.CharField(max_length=12, choices=Role.choices)
    created_at = models.DateTimeField(default=clock.now)
    disabled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="service_account_name_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.role})"


class OidcConnection(models.Model):
    """How an organization's members sign in through its own identity provider (OpenID Connect)."""

    organization = models.OneToOneField(Organization, models.CASCADE, related_name="oidc")
    issuer = models.URLField(max_length=300)
    client_id = models.CharField(max_length=200)
    client_secret = models.TextField(help_text="sealed with the house's secret key")
    domain = models.CharField(max_length=253, help_text="Accounts are made for mail addresses of this domain only.")
    # Whoever runs an identity provider can claim any address: none of a domain counts before staff looked at it.
    domain_confirmed_at = models.DateTimeField(null=True, blank=True)
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.VIEWER)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.issuer} of {self.organization_id}"


class ApiKey(models.Model):
    """A key of an organization. Only its keyed hash is stored; the key itself was shown once."""

    class Mode(models.TextChoices):
        LIVE = "live"
        TEST = "test"

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    prefix = models.CharField(max_length=16)
    last4 = models.CharField(max_length=4)
    key_hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=32))
    only_models = ArrayField(models.CharField(max_length=64), default=list, blank=True,
                             help_text="Only these models; empty: every subscribed one.")
    allowed_ips = ArrayField(models.CharField(max_length=49), default=list, blank=True)
    rate_per_minute = models.PositiveIntegerField(default=600)
    concurrency = models.PositiveIntegerField(default=16)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    service_account = models.ForeignKey(ServiceAccount, models.SET_NULL, null=True, blank=True, related_name="api_keys")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="api_keys")
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["organization", "-id"], name="api_key_of_org")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…{self.last4})"

    @property
    def active(self) -> bool:
        """Whether the key opens anything now."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > clock.now())


class AuditEntry(models.Model):
    """One link of an organization's chain. Rows are never changed: a trigger refuses it, the hashes show it.

    Actor and key are plain numbers, not foreign keys: the trail outlives the people in it and names nobody.
    """

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="audit_entries")
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=8)
    actor_id = models.BigIntegerField(null=True)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=120, blank=True)
    ip = models.GenericIPAddressField(null=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["organization", "number"], name="audit_number_once")]

    def __str__(self) -> str:
        return f"{self.number} {self.action}"
