"""What accounts tell others: organizations, members, keys. Every question names its tenant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q, QuerySet

from kernel import apikeys, clock
from kernel.contracts import Grant, Limit
from kernel.problems import Problem
from marketplace.accounts.audit import Actor
from marketplace.accounts.models import (
    ApiKey,
    AuditEntry,
    Invitation,
    Membership,
    Organization,
    ServiceAccount,
    Team,
    User,
)
from marketplace.accounts.networks import both
from marketplace.accounts.permissions import PERMISSIONS, KeyPrincipal, allows, scopes_of_role

CHOSEN = "organization"  # in a session: the organization that its person works in


@dataclass(frozen=True, slots=True)
class Limits:
    """What others add to a key's grant: the models it may call and the ceilings of its organization."""

    models: tuple[str, ...] = ()
    monthly_limit_minor: int | None = None
    monthly_units: int | None = None
    rate_per_minute: int | None = None  # of the plan; a key never gets more
    concurrency: int | None = None


def display_name(user: User) -> str:
    """What a person is called where no mail address should stand."""
    return user.get_short_name()


def organization(org_id: int) -> Organization:
    """One organization by number; Problem not_found where there is none."""
    found = Organization.objects.filter(pk=org_id).first()
    if found is None:
        raise Problem("not_found", "no such organization")
    return found


def locked_organization(org_id: int) -> Organization:
    """One organization, its row locked until the transaction ends."""
    return Organization.objects.select_for_update().get(pk=org_id)


def organization_by_slug(slug: str, *, user: User) -> Organization:
    """An organization that this person is a member of; a stranger gets not_found."""
    found = organizations_of(user).filter(slug=slug).first()
    if found is None:
        raise Problem("not_found", "no such organization")
    return found


def organization_ids() -> list[int]:
    """Every organization's number; for the platform's own rebuilds."""
    return list(Organization.objects.order_by("pk").values_list("pk", flat=True))


def organizations_of(user: User) -> QuerySet[Organization]:
    """The organizations that a person belongs to, oldest membership first."""
    return Organization.objects.filter(memberships__user=user, closed_at=None).order_by("memberships__id")


def organization_of(user: User) -> Organization | None:
    """The organization that a person works in: the one that their session chose, else the first they joined."""
    mine = organizations_of(user)
    chosen = mine.filter(pk=user.works_in).first() if user.works_in else None
    return chosen or mine.first()


def membership(org: Organization, user: User) -> Membership | None:
    return Membership.objects.filter(organization=org, user=user).first()


def role_of(org: Organization, user: User) -> str | None:
    """A person's role here; None for a stranger."""
    found = membership(org, user)
    return found.role if found else None


def members(org: Organization) -> QuerySet[Membership]:
    return Membership.objects.filter(organization=org).select_related("user").order_by("id")


def open_invitations(org: Organization) -> QuerySet[Invitation]:
    return Invitation.objects.filter(organization=org, accepted_at=None, expires_at__gt=clock.now()).order_by("-id")


def audit_entries(org: Organization) -> QuerySet[AuditEntry]:
    """The trail of an organization, newest first."""
    return AuditEntry.objects.filter(organization=org)


def authorize(org: Organization, actor: Actor, permission: str) -> None:
    """Lets `actor` pass where it may do this here.

    A stranger gets not_found, as if the organization were not there; a member without the right permission_denied; a
    key without the scope insufficient_scope. None, the platform itself, may do everything.
    """
    if actor is None:
        return
    if isinstance(actor, KeyPrincipal):
        scope = PERMISSIONS[permission]
        if actor.organization_id != org.pk:
            raise Problem("not_found", "no such thing here")
        if scope is None:
            raise Problem("permission_denied", "a person must do this, not an API key")
        if scope not in actor.scopes:
            raise Problem("insufficient_scope", f"this key lacks the scope {scope}", scope=scope)
        return
    role = role_of(org, actor)
    if role is None:
        raise Problem("not_found", "no such thing here")
    if not allows(role, permission):
        raise Problem("permission_denied", f"your role here, {role}, does not allow this")


def scopes_to_give(org: Organization, actor: Actor) -> frozenset[str]:
    """The scopes that a key made by `actor` may have: nobody hands on what they may not do themselves."""
    if isinstance(actor, KeyPrincipal):
        return frozenset(actor.scopes)
    role = "owner" if actor is None else role_of(org, actor)
    return scopes_of_role(role) if role is not None else frozenset()


def teams(org: Organization) -> QuerySet[Team]:
    return Team.objects.filter(organization=org).prefetch_related("people", "api_keys")


def team(org: Organization, team_id: int) -> Team:
    """One team of this organization; another's is not found."""
    found = Team.objects.filter(organization=org, pk=team_id).first()
    if found is None:
        raise Problem("not_found", "no such team")
    return found


def service_accounts(org: Organization) -> QuerySet[ServiceAccount]:
    return ServiceAccount.objects.filter(organization=org).prefetch_related("api_keys")


def service_account(org: Organization, account_id: int) -> ServiceAccount:
    """One service account of this organization; another's is not found."""
    found = ServiceAccount.objects.filter(organization=org, pk=account_id).first()
    if found is None:
        raise Problem("not_found", "no such service account")
    return found


def api_keys(org: Organization) -> QuerySet[ApiKey]:
    """The keys of an organization, newest first, revoked ones included."""
    return ApiKey.objects.filter(organization=org).select_related("created_by", "service_account", "team")


def api_key(org: Organization, key_id: int) -> ApiKey:
    """One key of this organization; another's is not found."""
    found = api_keys(org).filter(pk=key_id).first()
    if found is None:
        raise Problem("not_found", "no such API key")
    return found


def api_key_by_secret(secret: str) -> ApiKey | None:
    """The key row behind a secret, revoked and expired ones included; a malformed secret costs no query."""
    if not apikeys.well_formed(secret):
        return None
    key_hash = apikeys.hash_key(secret, settings.ENV.key_pepper)
    return ApiKey.objects.select_related("organization").filter(key_hash=key_hash).first()


def revoked_hashes(org: Organization) -> list[str]:
    """Hashes of keys that open nothing any more."""
    return list(ApiKey.objects.filter(organization=org).exclude(revoked_at=None).values_list("key_hash", flat=True))


def grant_for(key: ApiKey, limits: Limits = Limits()) -> Grant:
    """What a key may do now, with the models and ceilings that listings and billing know of.

    A live organization that owes money (past_due) goes on working through its grace; a suspended one does not.
    """
    allowed = limits.models
    if key.only_models:
        allowed = tuple(name for name in limits.models if name in set(key.only_models))
    org = key.organization
    return Grant(
        key_id=key.pk, key_hash=key.key_hash, org_id=org.pk, mode="live" if key.mode == "live" else "test",
        scopes=tuple(key.scopes), models=allowed,
        rate_per_minute=min(key.rate_per_minute, limits.rate_per_minute or key.rate_per_minute),
        concurrency=min(key.concurrency, limits.concurrency or key.concurrency),
        monthly_limit_minor=limits.monthly_limit_minor, monthly_units=limits.monthly_units, currency=org.currency,
        allowed_ips=both(key.allowed_ips, org.allowed_ips), limits=_of_team(key), expires_at=key.expires_at,
        active=key.revoked_at is None and org.status != Organization.Status.SUSPENDED,
    )


def _of_team(key: ApiKey) -> tuple[Limit, ...]:
    """The ceiling that a key shares with the other keys of its team."""
    if key.team is None or key.team.monthly_limit_minor is None:
        return ()
    keys = tuple(key.team.api_keys.order_by("pk").values_list("pk", flat=True))
    return (Limit("team", "month", money_minor=key.team.monthly_limit_minor, keys=keys, id=key.team.pk),)


def grants(org: Organization, limits: Limits = Limits()) -> Iterable[Grant]:
    """The grants of every key that is not revoked. Expired keys keep theirs, so that a caller is told so."""
    keys = ApiKey.objects.select_related("organization", "team").filter(Q(organization=org) & Q(revoked_at=None))
    return [grant_for(key, limits) for key in keys.order_by("pk")]
