"""How django-allauth speaks to the house: its accounts, its letters, its secrets, its identity providers."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts import entrance, seals, security, sso

SILENT = {"account/messages/logged_in.txt", "account/messages/logged_out.txt"}


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by our own sign-up; such a login counts as fresh for a while."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, app: str) -> bool:
        return not entrance.fresh(context.request)

    def get_client_ip(self, request: HttpRequest) -> str:
        return str(request.META.get("REMOTE_ADDR", ""))  # the gateway knows which proxies to believe

    def add_message(self, request: HttpRequest, level: int, message_template: str | None = None,
                    *args: Any, **kwargs: Any) -> None:
        if message_template not in SILENT:
            super().add_message(request, level, message_template, *args, **kwargs)


class MfaAdapter(DefaultMFAAdapter):
    """Seeds of second factors are sealed in the database."""

    def encrypt(self, text: str) -> str:
        return seals.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return seals.unseal(encrypted_text)


class SocialAdapter(DefaultSocialAccountAdapter):
    """Sign-in through an organization's own provider, named by the organization's slug."""

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:
        if provider is None:
            return []
        found = security.oidc_by_slug(provider)
        if found is None:
            return []
        app = SocialApp(provider="openid_connect", provider_id=provider, name=found.organization.name,
                        client_id=found.client_id, secret=seals.unseal(found.client_secret),
                        settings={"server_url": found.issuer, "oauth_pkce_enabled": True})
        return [app]

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False  # pre_social_login makes the accounts that may be

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        return reverse("security")

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Lets in who is linked; makes an account for a new address of the confirmed domain; refuses the rest."""
        linking = sociallogin.state.get("process") == "connect"
        refusal = sso.prepare(sociallogin, person=request.user if linking else None)
        if refusal:
            messages.error(request, refusal)
            raise ImmediateHttpResponse(redirect("login"))

    def authentication_error(self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None,
                             extra_context: Any = None) -> None:
        messages.error(request, _("Your organization’s sign-in did not work. Ask whoever runs it."))
        raise ImmediateHttpResponse(redirect("login"))

    def get_requests_session(self) -> Any:
        return sso.guarded_session()
