"""Sign-in by OpenID Connect: whom an organization's provider may speak for, and how we call it.

Whoever runs a provider can claim any mail address. It therefore speaks only for accounts that it made itself, or that
their owner linked while signed in; it makes accounts only in a domain that staff confirmed as the organization's.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from requests.adapters import HTTPAdapter

from inference_backend import netguard
from kernel.problems import Problem
from marketplace.accounts import security
from marketplace.accounts.audit import record
from marketplace.accounts.models import Membership, User

TIMEOUT_S = 5.0
MAX_BYTES = 1 << 20


def prepare(sociallogin: Any, *, person: Any = None) -> str:
    """Makes a provider's answer ready for a session; else says in a sentence why it opens none.

    `person`, signed in, wants to link the provider's account with their own.
    """
    slug = sociallogin.account.provider
    connection = security.oidc_by_slug(slug)
    if connection is None:
        return _("This organization has no sign-in of its own.")
    org = connection.organization
    if sociallogin.is_existing and (person is None or sociallogin.user == person):
        if not Membership.objects.filter(organization=org, user=sociallogin.user).exists():
            return _("You are no longer a member of this organization.")
        return ""
    if isinstance(person, User):
        if not Membership.objects.filter(organization=org, user=person).exists():
            return _("You are no member of this organization.")
        return ""
    email = User.objects.canonical(sociallogin.user.email or "")
    claims = sociallogin.account.extra_data or {}
    claims = claims.get("userinfo", claims) or {}
    if connection.domain_confirmed_at is None:
        return _("The mail domain of this organization is not confirmed yet.")
    if not email.endswith("@" + connection.domain) or claims.get("email_verified") is False:
        return _("Only confirmed addresses of %(domain)s can sign in here.") % {"domain": connection.domain}
    if User.objects.filter(email=email).exists():
        return _("This address has an account: log in with its password, then link this sign-in under Security.")
    with transaction.atomic():
        user = User.objects.create_user(email, None, name=str(claims.get("name", ""))[:120])
        Membership.objects.create(organization=org, user=user, role=connection.role)
        record(org=org, actor=user, action="member.joined", target=f"user:{user.pk}",
               after={"role": connection.role, "by": "sso"})
        sociallogin.user = sociallogin.account.user = user
        sociallogin.account.save()
    return ""


class _Guarded(HTTPAdapter):
    """Calls public addresses only, at the one address that was checked, without redirects, bounded in time and size."""

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            found = netguard.resolve(request.url, allow_private=settings.ENV.private_identity_providers)
        except netguard.Refused as refused:
            raise Problem("invalid_request", f"the identity provider: {refused}") from None
        parts = urlsplit(request.url)
        request.headers["Host"] = parts.netloc
        if found.scheme == "https":  # the certificate must be the name's, though the address is called
            self.poolmanager.connection_pool_kw |= {"server_hostname": found.host, "assert_hostname": found.host}
        address = f"[{found.address}]" if ":" in found.address else found.address
        request.url = urlunsplit((parts.scheme, f"{address}:{found.port}", parts.path, parts.query, ""))
        kwargs["timeout"] = TIMEOUT_S
        try:
            answer = super().send(request, *args, **kwargs)
        except requests.RequestException as error:
            raise Problem("backend_error", f"the identity provider does not answer ({type(error).__name__})") from None
        if answer.is_redirect or len(answer.content) > MAX_BYTES:
            raise Problem("invalid_request", "the identity provider redirects, or says too much")
        return answer


def guarded_session() -> requests.Session:
    """The client for identity providers, made anew for each call."""
    session = requests.Session()
    session.trust_env = False
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Guarded())
    return session
