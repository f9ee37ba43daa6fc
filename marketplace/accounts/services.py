"""What people do to accounts: each verb is one transaction, checks who acts and leaves an audit entry."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from billing import key_use
from kernel import apikeys, bus, clock
from kernel.facts import GrantsChanged
from kernel.problems import FieldError, Problem
from marketplace.accounts import letters, networks, selectors
from marketplace.accounts.audit import Actor, record
from marketplace.accounts.models import (
    ApiKey,
    Invitation,
    Membership,
    Organization,
    Role,
    ServiceAccount,
    Team,
    User,
)
from marketplace.accounts.permissions import SCOPES

INVITATION_DAYS = 7
KEY_USE_SEEN = "accounts.key_use_seen"
LONGEST_CALL = timedelta(minutes=11)  # from admission to its entry in the ledger: a job's deadline and a little
GRACE_LIMIT = timedelta(days=7)
KEYS_LIMIT = 100  # active keys an organization; more is a leak or a loop


def sign_up(*, email: str, password: str, organization_name: str = "", name: str = "") -> tuple[User, Organization]:
    """A new person with an organization of their own, as its owner.

    Problem validation_error for an unusable address or password, conflict where the address is taken. A sign-up form
    should answer both cases alike, so that it does not tell who has an account.
    """
    address = User.objects.canonical(email)
    candidate = User(email=address, name=name.strip())
    faults = _faults(lambda: validate_email(address), "/email") + _faults(
        lambda: password_validation.validate_password(password, candidate), "/password")
    if faults:
        raise Problem("validation_error", "the account can't be made like this", errors=faults)
    try:
        with transaction.atomic():
            user = User.objects.create_user(address, password, name=name.strip())
            title = organization_name.strip() or f"{user.get_short_name()}’s organization"
            org = _create_organization(title, owner=user)
    except IntegrityError:
        raise Problem("conflict", "this mail address has an account") from None
    return user, org


def change_password(*, user: User, password: str) -> None:
    """Another password for a person who has shown the current one; Problem validation_error for a weak one."""
    faults = _faults(lambda: password_validation.validate_password(password, user), "/password")
    if faults:
        raise Problem("validation_error", faults[0].detail, errors=faults)
    user.set_password(password)
    user.save(update_fields=["password"])


def ensure_account(*, email: str, password: str, organization_name: str) -> tuple[User, Organization]:
    """The account of this address, made where it is missing: for the demo and for scripts that run twice."""
    user = User.objects.filter(email=User.objects.canonical(email)).first()
    if user is None:
        return sign_up(email=email, password=password, organization_name=organization_name)
    org = selectors.organization_of(user)
    if org is None:
        with transaction.atomic():
            org = _create_organization(organization_name, owner=user)
    return user, org


def create_organization(*, name: str, owner: User) -> Organization:
    """A further organization of a person."""
    if not name.strip():
        raise Problem("validation_error", "an organization needs a name", errors=[FieldError("/name", "is empty")])
    with transaction.atomic():
        return _create_organization(name.strip(), owner=owner)


def rename_organization(*, org: Organization, actor: Actor, name: str) -> Organization:
    """A new display name; the slug stays, since links carry it."""
    selectors.authorize(org, actor, "organization:manage")
    if not name.strip():
        raise Problem("validation_error", "an organization needs a name", errors=[FieldError("/name", "is empty")])
    with transaction.atomic():
        before, org.name = org.name, name.strip()[:120]
        org.save(update_fields=["name"])
        record(org=org, actor=actor, action="organization.renamed", before={"name": before}, after={"name": org.name})
    return org


def set_status(*, org_id: int, status: Literal["active", "past_due", "suspended"], reason: str = "") -> None:
    """What billing found out about an organization; a suspended one's keys stop within a second."""
    with transaction.atomic():
        org = selectors.locked_organization(org_id)
        if org.status == status:
            return
        before, org.status = org.status, status
        org.save(update_fields=["status"])
        record(org=org, actor=None, action=f"organization.{status}", before={"status": before},
               after={"status": status, "reason": reason})
        grants_changed(org)


# -- members

def invite(*, org: Organization, actor: Actor, email: str, role: str) -> tuple[Invitation, str]:
    """An invitation and its token, which is mailed, and shown once. Only an owner invites owners."""
    selectors.authorize(org, actor, "members:manage")
    _check_role(org, actor, role)
    address = User.objects.canonical(email)
    faults = _faults(lambda: validate_email(address), "/email")
    if faults:
        raise Problem("validation_error", "this is no mail address", errors=faults)
    if Membership.objects.filter(organization=org, user__email=address).exists():
        raise Problem("conflict", "this person is a member already")
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        Invitation.objects.filter(organization=org, email=address, accepted_at=None).delete()
        invitation = Invitation.objects.create(
            organization=org, email=address, role=role, token_hash=_token_hash(token),
            invited_by=actor if isinstance(actor, User) else None,
            expires_at=clock.now() + timedelta(days=INVITATION_DAYS),
        )
        record(org=org, actor=actor, action="member.invited", target=f"invitation:{invitation.pk}",
               after={"role": role})
        link = f"{settings.ENV.public_url}/invite/{token}/"
        by = actor.get_short_name() if isinstance(actor, User) else ""
        transaction.on_commit(lambda: letters.invitation(to=address, organization=org.name, link=link, by=by,
                                                         days=INVITATION_DAYS))
    return invitation, token


def accept_invitation(*, token: str, user: User) -> Membership:
    """Membership for the person whose address was invited; anyone else finds no such invitation."""
    with transaction.atomic():
        invitation = Invitation.objects.select_for_update().select_related("organization").filter(
            token_hash=_token_hash(token), email=user.email, accepted_at=None, expires_at__gt=clock.now()).first()
        if invitation is None:
            raise Problem("not_found", "this invitation is used, expired or for another address")
        org = selectors.locked_organization(invitation.organization_id)
        made, created = Membership.objects.get_or_create(
            organization=org, user=user, defaults={"role": invitation.role})
        invitation.accepted_at = clock.now()
        invitation.save(update_fields=["accepted_at"])
        if created:
            record(org=org, actor=user, action="member.joined", target=f"user:{user.pk}", after={"role": made.role})
    return made


def change_role(*, org: Organization, actor: Actor, user: User, role: str) -> Membership:
    """Another role for a member. The last owner stays one."""
    selectors.authorize(org, actor, "members:manage")
    with transaction.atomic():
        org = selectors.locked_organization(org.pk)
        member = _member(org, user)
        _check_role(org, actor, role)
        _check_role(org, actor, member.role)
        if member.role == Role.OWNER and role != Role.OWNER:
            _keep_an_owner(org)
        before, member.role = member.role, role
        member.save(update_fields=["role"])
        record(org=org, actor=actor, action="member.role_changed", target=f"user:{user.pk}", before={"role": before},
               after={"role": role})
        grants_changed(org)
    return member


def remove_member(*, org: Organization, actor: Actor, user: User) -> None:
    """Takes a member out; anyone may leave themselves, but the last owner can't."""
    if actor != user:
        selectors.authorize(org, actor, "members:manage")
    with transaction.atomic():
        org = selectors.locked_organization(org.pk)
        member = _member(org, user)
        if actor != user:
            _check_role(org, actor, member.role)
        if member.role == Role.OWNER:
            _keep_an_owner(org)
        member.delete()
        for team in Team.objects.filter(organization=org, people=user):
            team.people.remove(user)
        record(org=org, actor=actor, action="member.removed", target=f"user:{user.pk}", before={"role": member.role})
        grants_changed(org)


# -- keys

def create_api_key(
    *, org: Organization, actor: Actor, name: str, mode: Literal["live", "test"] = "live",
    scopes: Sequence[str] = ("predict",), models: Sequence[str] = (), allowed_ips: Sequence[str] = (),
    rate_per_minute: int = 600, concurrency: int = 16, expires_at: datetime | None = None, ip: str | None = None,
    service_account: ServiceAccount | None = None, team: Team | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which exists in this answer only.

    Nor can it be given a right that its maker lacks: a developer's keys don't reach the money.
    """
    selectors.authorize(org, actor, "keys:manage")
    allowed_ips = _check_key(name=name, mode=mode, scopes=scopes, allowed_ips=allowed_ips,
                             rate_per_minute=rate_per_minute, concurrency=concurrency, expires_at=expires_at)
    beyond = set(scopes) - selectors.scopes_to_give(org, actor)
    if beyond:
        raise Problem("insufficient_scope", f"you can't give {', '.join(sorted(beyond))}: it is beyond your own rights")
    with transaction.atomic():
        org = selectors.locked_organization(org.pk)
        if ApiKey.objects.filter(organization=org, revoked_at=None).count() >= KEYS_LIMIT:
            raise Problem("conflict", f"an organization has at most {KEYS_LIMIT} keys; revoke one first")
        secret = apikeys.mint(mode)
        key = ApiKey.objects.create(
            organization=org, name=name.strip(), mode=mode, prefix=secret[:13], last4=secret[-4:],
            key_hash=_hash(secret),
            scopes=list(dict.fromkeys(scopes)), only_models=list(dict.fromkeys(models)), allowed_ips=list(allowed_ips),
            rate_per_minute=rate_per_minute, concurrency=concurrency, expires_at=expires_at,
            created_by=actor if isinstance(actor, User) else None, service_account=service_account, team=team,
        )
        record(org=org, actor=actor, action="api_key.created", target=f"api_key:{key.pk}", ip=ip, after=_public(key))
        grants_changed(org)
    return key, secret


def revoke_api_key(*, org: Organization, actor: Actor, key_id: int, ip: str | None = None) -> ApiKey:
    """Ends a key for good, within a second everywhere. Revoking it again changes nothing."""
    selectors.authorize(org, actor, "keys:manage")
    with transaction.atomic():
        key = _locked_key(org, key_id)
        if key.revoked_at is None:
            key.revoked_at = clock.now()
            key.save(update_fields=["revoked_at"])
            record(org=org, actor=actor, action="api_key.revoked", target=f"api_key:{key.pk}", ip=ip,
                   before=_public(key))
            grants_changed(org)
    return key


def rotate_api_key(*, org: Organization, actor: Actor, key_id: int, grace: timedelta = timedelta(hours=24),
                   ip: str | None = None) -> tuple[ApiKey, str]:
    """A successor with the same rights, and its secret; the old key works on for `grace`, at most seven days."""
    selectors.authorize(org, actor, "keys:manage")
    if not timedelta(0) <= grace <= GRACE_LIMIT:
        raise Problem("validation_error", "the overlap is 0 to 7 days",
                      errors=[FieldError("/grace_hours", "must be 0 to 168", "out_of_range")])
    with transaction.atomic():
        old = _locked_key(org, key_id)
        if not old.active:
            raise Problem("invalid_state", "a revoked or expired key can't be rotated; create a new one")
        new, secret = create_api_key(
            org=org, actor=actor, name=old.name, mode="live" if old.mode == "live" else "test",
            scopes=tuple(old.scopes), models=tuple(old.only_models), allowed_ips=tuple(old.allowed_ips),
            rate_per_minute=old.rate_per_minute, concurrency=old.concurrency, expires_at=old.expires_at, ip=ip,
            service_account=old.service_account, team=old.team,
        )
        end = clock.now() + grace
        if grace == timedelta(0):
            old.revoked_at = end
        else:
            old.expires_at = min(end, old.expires_at or end)
        old.save(update_fields=["revoked_at", "expires_at"])
        record(org=org, actor=actor, action="api_key.rotated", target=f"api_key:{old.pk}", ip=ip,
               after={"successor": new.pk, "until": end.isoformat()})
        grants_changed(org)
    return new, secret


def restore_api_key(*, org: Organization, actor: Actor, name: str, secret: str, mode: Literal["live", "test"],
                    scopes: Sequence[str] = ("predict",)) -> ApiKey:
    """The key with a secret that the caller already holds (the demo's, kept in its state folder), made if missing."""
    selectors.authorize(org, actor, "keys:manage")
    if not apikeys.well_formed(secret) or apikeys.mode_of(secret) != mode:
        raise Problem("validation_error", f"this is no {mode} key")
    with transaction.atomic():
        org = selectors.locked_organization(org.pk)
        key, created = ApiKey.objects.get_or_create(
            organization=org, key_hash=_hash(secret),
            defaults={"name": name, "mode": mode, "prefix": secret[:13], "last4": secret[-4:], "scopes": list(scopes),
                      "created_by": actor if isinstance(actor, User) else None})
        if created:
            record(org=org, actor=actor, action="api_key.created", target=f"api_key:{key.pk}", after=_public(key))
            grants_changed(org)
    return key


def note_key_use() -> int:
    """Takes over from the ledger which keys delivered something since the last look; says how many.

    With a look every 20 s `last_used_at` is true within a minute. It starts where the last look ended, less the longest
    call, so that a pause of the workers loses nothing; where that is forgotten, a day is read again.
    """
    now = clock.now()
    used = key_use.last_uses(since=cache.get(KEY_USE_SEEN) or now - timedelta(days=1))
    record_key_use(used=used)
    cache.set(KEY_USE_SEEN, now - LONGEST_CALL, timeout=None)
    return len(used)


def record_key_use(*, used: Mapping[int, datetime]) -> None:
    """Moves `last_used_at` forward for keys (number → moment); called in batches, never on the hot path."""
    for key_id, moment in used.items():
        ApiKey.objects.filter(pk=key_id).exclude(last_used_at__gte=moment).update(last_used_at=moment)


# -- inside

def _create_organization(name: str, *, owner: User) -> Organization:
    org = Organization.objects.create(name=name[:120], slug=_free_slug(name))
    Membership.objects.create(organization=org, user=owner, role=Role.OWNER)
    record(org=org, actor=owner, action="organization.created", target=f"organization:{org.pk}")
    return org


def _free_slug(name: str) -> str:
    base = slugify(name)[:48].strip("-") or "org"
    if not Organization.objects.filter(slug=base).exists():
        return base
    return f"{base}-{secrets.token_hex(3)}"  # random, so that two at once don't meet at the next number


def _locked_key(org: Organization, key_id: int) -> ApiKey:
    key = ApiKey.objects.select_for_update().filter(organization=org, pk=key_id).first()
    if key is None:
        raise Problem("not_found", "no such API key")
    return key


def _member(org: Organization, user: User) -> Membership:
    found = selectors.membership(org, user)
    if found is None:
        raise Problem("not_found", "no such member")
    return found


def _keep_an_owner(org: Organization) -> None:
    if Membership.objects.filter(organization=org, role=Role.OWNER).count() < 2:
        raise Problem("conflict", "an organization keeps at least one owner; make someone else owner first")


def _check_role(org: Organization, actor: Actor, role: str) -> None:
    """A known role, and owners are made and unmade by owners only."""
    if role not in Role.values:
        known = ", ".join(Role.values)
        raise Problem("validation_error", "unknown role", errors=[FieldError("/role", f"one of {known}")])
    if role == Role.OWNER and isinstance(actor, User) and selectors.role_of(org, actor) != Role.OWNER:
        raise Problem("permission_denied", "only an owner does this to owners")


def _check_key(*, name: str, mode: str, scopes: Sequence[str], allowed_ips: Sequence[str], rate_per_minute: int,
               concurrency: int, expires_at: datetime | None) -> list[str]:
    """The allowed networks in their canonical form; Problem validation_error with every fault found."""
    faults: list[FieldError] = []
    found: list[str] = []
    if not 0 < len(name.strip()) <= 80:
        faults.append(FieldError("/name", "1 to 80 characters"))
    if mode not in ("live", "test"):
        faults.append(FieldError("/mode", "live or test"))
    if not scopes or set(scopes) - set(SCOPES):
        faults.append(FieldError("/scopes", f"at least one of {', '.join(SCOPES)}"))
    try:
        found = networks.canonical(allowed_ips)
    except Problem as problem:
        faults += problem.errors
    if not 1 <= rate_per_minute <= 100_000:
        faults.append(FieldError("/rate_per_minute", "1 to 100000"))
    if not 1 <= concurrency <= 1_000:
        faults.append(FieldError("/concurrency", "1 to 1000"))
    if expires_at is not None and expires_at <= clock.now():
        faults.append(FieldError("/expires_at", "must lie in the future"))
    if faults:
        raise Problem("validation_error", "the key can't be made like this", errors=faults)
    return found


def _faults(check: Any, pointer: str) -> list[FieldError]:
    try:
        check()
    except ValidationError as error:
        return [FieldError(pointer, message) for message in error.messages]
    return []


def _public(key: ApiKey) -> dict[str, Any]:
    return {"name": key.name, "mode": key.mode, "scopes": key.scopes, "models": key.only_models, "last4": key.last4}


def _hash(secret: str) -> str:
    return apikeys.hash_key(secret, settings.ENV.key_pepper)


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def grants_changed(org: Organization) -> None:
    """Tells the listeners, once this transaction stands, that keys of an organization may do something else now."""
    org_id = org.pk
    transaction.on_commit(lambda: bus.publish(GrantsChanged(org_id)))
