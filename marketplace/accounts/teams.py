"""Teams and service accounts: what groups people and keys inside an organization."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from django.db import IntegrityError, transaction

from kernel import clock
from kernel.problems import FieldError, Problem
from marketplace.accounts import selectors, services
from marketplace.accounts.audit import Actor, record
from marketplace.accounts.models import ApiKey, Organization, Role, ServiceAccount, Team, User
from marketplace.accounts.permissions import scopes_of_role

TEAMS_LIMIT = 100
SERVICE_ACCOUNTS_LIMIT = 100


def create_team(*, org: Organization, actor: Actor, name: str, monthly_limit_minor: int | None = None) -> Team:
    """A team without people or keys; Problem name_taken where its name is."""
    selectors.authorize(org, actor, "members:manage")
    name = _name(name)
    _check_limit(monthly_limit_minor)
    if Team.objects.filter(organization=org).count() >= TEAMS_LIMIT:
        raise Problem("conflict", f"an organization has at most {TEAMS_LIMIT} teams")
    try:
        with transaction.atomic():
            team = Team.objects.create(organization=org, name=name, monthly_limit_minor=monthly_limit_minor)
            record(org=org, actor=actor, action="team.created", target=f"team:{team.pk}", after=_told(team))
    except IntegrityError:
        raise Problem("name_taken", "a team has this name") from None
    return team


def change_team(*, org: Organization, actor: Actor, team_id: int, name: str, monthly_limit_minor: int | None) -> Team:
    """Another name or ceiling. The ceiling holds for the team's keys together, within a second."""
    selectors.authorize(org, actor, "members:manage")
    _check_limit(monthly_limit_minor)
    team = selectors.team(org, team_id)
    before = _told(team)
    team.name, team.monthly_limit_minor = _name(name), monthly_limit_minor
    try:
        with transaction.atomic():
            team.save(update_fields=["name", "monthly_limit_minor"])
            record(org=org, actor=actor, action="team.changed", target=f"team:{team.pk}", before=before,
                   after=_told(team))
            services.grants_changed(org)
    except IntegrityError:
        raise Problem("name_taken", "a team has this name") from None
    return team


def remove_team(*, org: Organization, actor: Actor, team_id: int) -> None:
    """Ends a team; its people stay members, its keys go on under the organization's limits."""
    selectors.authorize(org, actor, "members:manage")
    team = selectors.team(org, team_id)
    with transaction.atomic():
        record(org=org, actor=actor, action="team.removed", target=f"team:{team.pk}", before=_told(team))
        team.delete()
        services.grants_changed(org)


def set_people(*, org: Organization, actor: Actor, team_id: int, user_ids: Sequence[int]) -> Team:
    """Who belongs to a team: members of the organization only; others are not found."""
    selectors.authorize(org, actor, "members:manage")
    team = selectors.team(org, team_id)
    wanted = set(user_ids)
    people = list(User.objects.filter(pk__in=wanted, memberships__organization=org))
    if {person.pk for person in people} != wanted:
        raise Problem("not_found", "no such member")
    with transaction.atomic():
        before = sorted(team.people.values_list("pk", flat=True))
        team.people.set(people)
        record(org=org, actor=actor, action="team.people_changed", target=f"team:{team.pk}",
               before={"people": before}, after={"people": sorted(wanted)})
    return team


def assign_key(*, org: Organization, actor: Actor, key_id: int, team_id: int | None) -> ApiKey:
    """Puts a key into a team (or none): it then shares the team's ceiling."""
    selectors.authorize(org, actor, "keys:manage")
    key = selectors.api_key(org, key_id)
    team = selectors.team(org, team_id) if team_id is not None else None
    with transaction.atomic():
        before, key.team = key.team_id, team
        key.save(update_fields=["team"])
        record(org=org, actor=actor, action="api_key.team_changed", target=f"api_key:{key.pk}",
               before={"team": before}, after={"team": team_id})
        services.grants_changed(org)
    return key


def create_service_account(*, org: Organization, actor: Actor, name: str, role: str) -> ServiceAccount:
    """A program's account. Its keys get scopes of its role only; a program owns no organization."""
    selectors.authorize(org, actor, "members:manage")
    if role not in Role.values or role == Role.OWNER:
        raise Problem("validation_error", "unknown role", errors=[FieldError("/role", "admin, developer, billing or "
                                                                             "viewer")])
    if ServiceAccount.objects.filter(organization=org).count() >= SERVICE_ACCOUNTS_LIMIT:
        raise Problem("conflict", f"an organization has at most {SERVICE_ACCOUNTS_LIMIT} service accounts")
    try:
        with transaction.atomic():
            made = ServiceAccount.objects.create(organization=org, name=_name(name), role=role)
            record(org=org, actor=actor, action="service_account.created", target=f"service_account:{made.pk}",
                   after={"name": made.name, "role": role})
    except IntegrityError:
        raise Problem("name_taken", "a service account has this name") from None
    return made


def create_service_key(
    *, org: Organization, actor: Actor, account_id: int, name: str, mode: Literal["live", "test"] = "live",
    scopes: Sequence[str] = ("predict",), expires_at: datetime | None = None, ip: str | None = None,
) -> tuple[ApiKey, str]:
    """A key of a service account and its secret. Scopes beyond the account's role are refused."""
    account = selectors.service_account(org, account_id)
    if account.disabled_at is not None:
        raise Problem("invalid_state", "this service account is disabled")
    beyond = set(scopes) - scopes_of_role(account.role)
    if beyond:
        raise Problem("insufficient_scope", f"the role {account.role} gives no scope {', '.join(sorted(beyond))}")
    return services.create_api_key(org=org, actor=actor, name=name, mode=mode, scopes=scopes, expires_at=expires_at,
                                   ip=ip, service_account=account)


def disable_service_account(*, org: Organization, actor: Actor, account_id: int, ip: str | None = None) -> int:
    """Ends a service account and its keys, within a second everywhere; says how many keys. Again: 0."""
    selectors.authorize(org, actor, "members:manage")
    account = selectors.service_account(org, account_id)
    with transaction.atomic():
        if account.disabled_at is None:
            account.disabled_at = clock.now()
            account.save(update_fields=["disabled_at"])
            record(org=org, actor=actor, action="service_account.disabled", target=f"service_account:{account.pk}",
                   ip=ip)
        keys = list(account.api_keys.filter(revoked_at=None).values_list("pk", flat=True))
        for key_id in keys:
            services.revoke_api_key(org=org, actor=actor, key_id=key_id, ip=ip)
    return len(keys)


def _name(text: str) -> str:
    name = text.strip()
    if not 0 < len(name) <= 80:
        raise Problem("validation_error", "a name has 1 to 80 characters",
                      errors=[FieldError("/name", "1 to 80 characters")])
    return name


def _check_limit(monthly_limit_minor: int | None) -> None:
    if monthly_limit_minor is not None and not 0 <= monthly_limit_minor <= 10**12:
        raise Problem("validation_error", "a ceiling is 0 or more",
                      errors=[FieldError("/monthly_limit", "must not be negative")])


def _told(team: Team) -> dict[str, object]:
    return {"name": team.name, "monthly_limit_minor": team.monthly_limit_minor}
