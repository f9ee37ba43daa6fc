"""What the house knows about a person or an organization, handed out; and forgetting them.

The ledger, the invoices and the audit trail stay: they carry numbers, never names or mail addresses. Everything that
names a person goes; what is left of a deleted person is the number in the trail.
"""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Count, Q

from kernel import bus, clock
from kernel.facts import AccountClosed
from kernel.problems import Problem
from marketplace.accounts import selectors, services
from marketplace.accounts.audit import Actor, record
from marketplace.accounts.models import (
    ApiKey,
    AuditEntry,
    Invitation,
    Membership,
    OidcConnection,
    Organization,
    Role,
    ServiceAccount,
    Team,
    User,
)


def export_person(user: User) -> dict[str, Any]:
    """Everything that is kept under a person's name, as one document."""
    sessions = UserSession.objects.filter(user=user)
    return {
        "person": {"email": user.email, "name": user.name, "created_at": user.created_at,
                   "last_login": user.last_login},
        "memberships": [{"organization": row.organization.slug, "role": row.role, "since": row.created_at}
                        for row in Membership.objects.filter(user=user).select_related("organization")],
        "teams": list(Team.objects.filter(people=user).values("organization__slug", "name")),
        "sessions": list(sessions.values("ip", "user_agent", "created_at", "last_seen_at")),
        "second_factors": list(Authenticator.objects.filter(user=user).values("type", "created_at", "last_used_at")),
        "api_keys_made": list(ApiKey.objects.filter(created_by=user).values(
            "organization__slug", "name", "prefix", "last4", "created_at", "revoked_at")),
        "invitations": list(Invitation.objects.filter(email=user.email).values("organization__slug", "role",
                                                                               "created_at", "accepted_at")),
        "acts": list(AuditEntry.objects.filter(actor_kind="user", actor_id=user.pk).order_by("at").values(
            "organization__slug", "at", "action", "target", "ip")),
    }


def export_organization(*, org: Organization, actor: Actor) -> dict[str, Any]:
    """An organization's account as one document; usage and invoices have exports of their own."""
    selectors.authorize(org, actor, "organization:manage")
    return {
        "organization": {"name": org.name, "slug": org.slug, "public_id": str(org.public_id), "status": org.status,
                         "currency": org.currency, "created_at": org.created_at, "allowed_ips": org.allowed_ips,
                         "require_two_factor": org.require_two_factor},
        "members": [{"email": row.user.email, "role": row.role, "since": row.created_at}
                    for row in selectors.members(org)],
        "teams": [{"name": team.name, "monthly_limit_minor": team.monthly_limit_minor,
                   "people": [person.email for person in team.people.all()]} for team in selectors.teams(org)],
        "service_accounts": list(ServiceAccount.objects.filter(organization=org).values(
            "name", "role", "created_at", "disabled_at")),
        "api_keys": list(ApiKey.objects.filter(organization=org).values(
            "name", "mode", "prefix", "last4", "scopes", "only_models", "allowed_ips", "created_at", "expires_at",
            "revoked_at", "last_used_at")),
        "audit": list(AuditEntry.objects.filter(organization=org).order_by("number").values(
            "number", "at", "actor_kind", "actor_id", "action", "target", "ip", "before", "after", "hash")),
    }


def delete_person(*, user: User, ip: str | None = None) -> None:
    """Forgets a person. An organization that they are alone in is closed with them.

    Problem conflict where they are the last owner of one that has other members: those need an owner first.
    """
    with transaction.atomic():
        orgs = list(Organization.objects.select_for_update().filter(memberships__user=user).order_by("pk"))
        counted = {row["organization"]: row for row in Membership.objects.filter(organization__in=orgs).values(
            "organization").annotate(people=Count("pk"), owners=Count("pk", filter=Q(role=Role.OWNER)))}
        for org in orgs:
            row = counted[org.pk]
            is_owner = selectors.role_of(org, user) == Role.OWNER
            if row["people"] > 1 and is_owner and row["owners"] == 1:
                raise Problem("conflict", f"make someone else an owner of {org.name} first")
        for org in orgs:
            if counted[org.pk]["people"] == 1:
                _close(org, actor=user, ip=ip)
            else:
                Membership.objects.filter(organization=org, user=user).delete()
                record(org=org, actor=user, action="member.deleted", target=f"user:{user.pk}", ip=ip)
        Invitation.objects.filter(email=user.email).delete()
        end_sessions(user)
        user.delete()


def close_organization(*, org: Organization, actor: User, name: str, ip: str | None = None) -> None:
    """Closes an organization for good: its keys end within a second, its people and names are forgotten.

    `name` is typed by whoever closes it, so that nobody closes another one by mistake.
    """
    selectors.authorize(org, actor, "organization:manage")
    if name.strip() != org.name:
        raise Problem("validation_error", "type the organization's name as it stands")
    with transaction.atomic():
        _close(selectors.locked_organization(org.pk), actor=actor, ip=ip)


def forget_second_factors(*, email: str) -> int:
    """Takes a person's second factors away, whom an operator knows to have lost them; says how many.

    Their sessions end, and the trail of each of their organizations says so. Problem not_found for an unknown address.
    """
    user = User.objects.filter(email=User.objects.canonical(email)).first()
    if user is None:
        raise Problem("not_found", "nobody has this address")
    with transaction.atomic():
        count, _ = Authenticator.objects.filter(user=user).delete()
        for org in selectors.organizations_of(user):
            record(org=org, actor=None, action="member.second_factors_forgotten", target=f"user:{user.pk}",
                   before={"count": count})
        end_sessions(user)
    return count


def end_sessions(user: User, *, except_key: str | None = None) -> int:
    """Ends a person's sessions, on every process with the next request; says how many."""
    ended = 0
    for session in UserSession.objects.filter(user=user).exclude(session_key=except_key or ""):
        session.end()
        ended += 1
    return ended


def end_session(*, user: User, session_id: int) -> None:
    """Ends one of a person's sessions; another's is not found."""
    session = UserSession.objects.filter(user=user, pk=session_id).first()
    if session is None:
        raise Problem("not_found", "no such session")
    session.end()


def sessions_of(user: User) -> list[UserSession]:
    """A person's living sessions, the newest first."""
    found: list[UserSession] = UserSession.objects.purge_and_list(user)
    return sorted(found, key=lambda session: session.last_seen_at, reverse=True)


def forget_old_sessions() -> int:
    """Deletes sessions that have ended by themselves; says how many."""
    gone, _ = Session.objects.filter(expire_date__lt=clock.now()).delete()
    return gone


def _close(org: Organization, *, actor: User, ip: str | None) -> None:
    now = clock.now()
    ApiKey.objects.filter(organization=org, revoked_at=None).update(revoked_at=now)
    ServiceAccount.objects.filter(organization=org, disabled_at=None).update(disabled_at=now)
    ApiKey.objects.filter(organization=org).update(name="closed", created_by=None)
    Team.objects.filter(organization=org).delete()
    Invitation.objects.filter(organization=org).delete()
    OidcConnection.objects.filter(organization=org).delete()
    record(org=org, actor=actor, action="organization.closed", target=f"organization:{org.pk}", ip=ip)
    Membership.objects.filter(organization=org).delete()
    org.name, org.slug = "closed", f"closed-{org.public_id.hex}"[:60]
    org.closed_at, org.allowed_ips, org.status = now, [], Organization.Status.SUSPENDED
    org.save(update_fields=["name", "slug", "closed_at", "allowed_ips", "status"])
    services.grants_changed(org)
    org_id = org.pk
    transaction.on_commit(lambda: bus.publish(AccountClosed(org_id)))
