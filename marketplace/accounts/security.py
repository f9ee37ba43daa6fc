"""What an organization asks of whoever works in it, leaked keys, and sign-in through its own identity provider."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from django.db import transaction

from inference_backend import netguard
from kernel import apikeys, clock
from kernel.problems import FieldError, Problem
from marketplace.accounts import networks, seals, selectors, services
from marketplace.accounts.audit import Actor, record
from marketplace.accounts.models import ApiKey, OidcConnection, Organization, Role, User

REPORTED_AT_ONCE = 100
_DOMAIN = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}\Z")


def set_policy(*, org: Organization, actor: Actor, require_two_factor: bool, allowed_ips: Sequence[str],
               ip: str | None = None) -> Organization:
    """The organization's rules: a second factor for its members' sessions, and networks for sessions and keys.

    Both hold at once: on pages with the next request, at the gateways within a second. Nobody locks themselves out:
    Problem validation_error where `ip`, the address of whoever sets the rules, would be refused by them.
    """
    selectors.authorize(org, actor, "organization:manage")
    wanted = networks.canonical(allowed_ips)
    if ip and not networks.within(ip, wanted):
        raise Problem("validation_error", f"your own address, {ip}, is not among these networks",
                      errors=[FieldError("/allowed_ips", "must hold your own address")])
    if require_two_factor and isinstance(actor, User) and not has_second_factor(actor):
        raise Problem("validation_error", "set up a second factor of your own first",
                      errors=[FieldError("/require_two_factor", "you have none yourself")])
    with transaction.atomic():
        org = selectors.locked_organization(org.pk)
        before = {"require_two_factor": org.require_two_factor, "allowed_ips": org.allowed_ips}
        org.require_two_factor, org.allowed_ips = require_two_factor, wanted
        org.save(update_fields=["require_two_factor", "allowed_ips"])
        record(org=org, actor=actor, action="organization.policy_changed", ip=ip, before=before,
               after={"require_two_factor": require_two_factor, "allowed_ips": wanted})
        services.grants_changed(org)
    return org


def check_session(*, org: Organization, user: User, ip: str) -> None:
    """Lets a member's request pass where the organization's rules do.

    Problem ip_not_allowed from elsewhere; Problem permission_denied with ``needs="two_factor"`` without the second
    factor that the organization asks for. (Whoever has one has shown it: no session begins without it.)
    """
    if not networks.within(ip, org.allowed_ips):
        raise Problem("ip_not_allowed", "this organization can be reached from certain addresses only")
    if org.require_two_factor and not has_second_factor(user):
        raise Problem("permission_denied", "this organization asks its members for a second factor",
                      needs="two_factor")


def has_second_factor(user: User) -> bool:
    """Whether a person's sign-in asks for more than a password."""
    from allauth.mfa.models import Authenticator
    from allauth.mfa.utils import is_mfa_enabled

    return bool(is_mfa_enabled(user, [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]))


# -- leaked keys

def report_leaks(*, tokens: Iterable[str], url: str = "", ip: str | None = None) -> dict[str, bool]:
    """Ends every key among these texts, within a second everywhere; token → whether it was a key of ours.

    Whoever can name a key holds it, so that anybody may report one. What is no key costs no query.
    """
    found: dict[str, bool] = {}
    for token in list(dict.fromkeys(tokens))[:REPORTED_AT_ONCE]:
        key = selectors.api_key_by_secret(token) if apikeys.well_formed(token) else None
        found[token] = key is not None
        if key is None or key.revoked_at is not None:
            continue
        with transaction.atomic():
            services.revoke_api_key(org=key.organization, actor=None, key_id=key.pk, ip=ip)
            record(org=key.organization, actor=None, action="api_key.leaked", target=f"api_key:{key.pk}", ip=ip,
                   after={"url": url[:300]})
        transaction.on_commit(lambda key=key: _tell_of_leak(key, url))
    return found


def _tell_of_leak(key: ApiKey, url: str) -> None:
    from marketplace.accounts import letters

    owners = selectors.members(key.organization).filter(role__in=(Role.OWNER, Role.ADMIN))
    letters.key_leaked(to=[row.user.email for row in owners], key_name=key.name, last4=key.last4,
                       organization=key.organization.name, url=url)


# -- sign-in through the organization's own provider

def connect_oidc(*, org: Organization, actor: Actor, issuer: str, client_id: str, client_secret: str, domain: str,
                 role: str = Role.VIEWER, allow_private: bool = False) -> OidcConnection:
    """Sets or replaces the identity provider. New accounts wait until staff has confirmed the mail domain."""
    selectors.authorize(org, actor, "organization:manage")
    faults = []
    issuer, domain = issuer.strip().rstrip("/"), domain.strip().lower()
    try:
        netguard.check_form(issuer, allow_private=allow_private)
        if not issuer.startswith("https://") and not allow_private:
            raise netguard.Refused("only https")
    except netguard.Refused as refused:
        faults.append(FieldError("/issuer", str(refused)))
    if not _DOMAIN.match(domain):
        faults.append(FieldError("/domain", "a domain such as example.com"))
    if not client_id.strip() or len(client_id) > 200:
        faults.append(FieldError("/client_id", "1 to 200 characters"))
    if not client_secret.strip() or len(client_secret) > 1000:
        faults.append(FieldError("/client_secret", "1 to 1000 characters"))
    if role not in Role.values or role == Role.OWNER:
        faults.append(FieldError("/role", "admin, developer, billing or viewer"))
    if faults:
        raise Problem("validation_error", "the connection can't be made like this", errors=faults)
    with transaction.atomic():
        before = OidcConnection.objects.filter(organization=org).first()
        keeps = before is not None and before.domain == domain
        made, _ = OidcConnection.objects.update_or_create(organization=org, defaults={
            "issuer": issuer, "client_id": client_id.strip(), "client_secret": seals.seal(client_secret.strip()),
            "domain": domain, "role": role,
            "domain_confirmed_at": before.domain_confirmed_at if before is not None and keeps else None})
        record(org=org, actor=actor, action="sso.connected", after={"issuer": issuer, "domain": domain, "role": role})
    return made


def disconnect_oidc(*, org: Organization, actor: Actor) -> None:
    """Ends sign-in through the provider; accounts stay, and can set a password by mail."""
    selectors.authorize(org, actor, "organization:manage")
    with transaction.atomic():
        ended, _ = OidcConnection.objects.filter(organization=org).delete()
        if ended:
            record(org=org, actor=actor, action="sso.disconnected")


def confirm_domain(*, org: Organization, staff: User | None) -> OidcConnection:
    """Staff's word that the domain is the organization's; None is an operator at the command line.

    Problem not_found where there is no connection.
    """
    if staff is not None and not staff.is_staff:
        raise Problem("permission_denied", "staff confirms domains")
    connection = oidc_of(org)
    if connection is None:
        raise Problem("not_found", "this organization has no identity provider")
    with transaction.atomic():
        connection.domain_confirmed_at = clock.now()
        connection.save(update_fields=["domain_confirmed_at"])
        record(org=org, actor=staff, action="sso.domain_confirmed", after={"domain": connection.domain})
    return connection


def oidc_of(org: Organization) -> OidcConnection | None:
    return OidcConnection.objects.filter(organization=org).first()


def oidc_by_slug(slug: str) -> OidcConnection | None:
    """The provider of the organization with this slug; None where there is none, or it is closed."""
    return OidcConnection.objects.select_related("organization").filter(
        organization__slug=slug, organization__closed_at=None).first()
