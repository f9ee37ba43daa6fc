"""API keys for Django's side of the API. The hot paths authenticate by snapshot and never come here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from kernel import clock
from kernel.problems import Problem
from marketplace.accounts import selectors, services
from marketplace.accounts.audit import Actor
from marketplace.accounts.models import ApiKey, Organization, User
from marketplace.accounts.networks import within
from marketplace.accounts.permissions import OF_ANY_KEY, OPERATIONS, KeyPrincipal, operation

NOTE_EVERY = timedelta(seconds=20)  # a key in steady use costs three writes a minute


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer tsr_…` or `X-API-Key`.

    Sets `request.user` to a KeyPrincipal, `request.auth` to the ApiKey and `organization_id` on the Django request. No
    key is no opinion (the session may speak); a bad one is refused, whatever the session says.
    """

    def authenticate(self, request: Request) -> tuple[KeyPrincipal, ApiKey] | None:
        secret = _secret(request)
        if secret is None:
            return None
        key = selectors.api_key_by_secret(secret)
        if key is None or key.revoked_at is not None:
            raise Problem("invalid_api_key", "send a valid API key as X-API-Key or Authorization: Bearer")
        if key.expires_at is not None and key.expires_at <= clock.now():
            raise Problem("expired_api_key", "this key expired; create or rotate one in the console")
        if key.organization.status == Organization.Status.SUSPENDED:
            raise Problem("payment_required", "this organization is suspended; settle its invoices in the console")
        address = request.META.get("REMOTE_ADDR", "")
        if not (within(address, key.allowed_ips) and within(address, key.organization.allowed_ips)):
            raise Problem("ip_not_allowed", "this key works from other addresses only")
        _note_use(key)
        request._request.organization_id = key.organization_id
        return KeyPrincipal(key.pk, key.organization_id, tuple(key.scopes), key.mode), key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class MayOperate(BasePermission):
    """DRF's default permission: the one table of operations, for members by their role and for keys by their scopes."""

    def has_permission(self, request: Request, view: Any) -> bool:
        match = request._request.resolver_match
        if match is None:  # nobody came by an address: our own code called the view, with whom it speaks for
            return bool(request.user and request.user.is_authenticated)
        name = operation(request.method or "GET", match.route)
        if name not in OPERATIONS:
            raise Problem("permission_denied", f"nobody may: {name} has no row in the table of operations")
        permission = OPERATIONS[name]
        if permission is None:
            return True
        if not isinstance(request.user, User | KeyPrincipal):
            return False
        if not (isinstance(request.user, KeyPrincipal) and permission in OF_ANY_KEY):
            selectors.authorize(organization_of_request(request), request.user, permission)
        return True


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """How drf-spectacular writes this authentication."""

    target_class = ApiKeyAuthentication
    name = ["apiKey", "bearer"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        return [{"type": "apiKey", "in": "header", "name": "X-API-Key"}, {"type": "http", "scheme": "bearer"}]


def organization_of_request(request: Request) -> Organization:
    """The organization that an authenticated request speaks for: the key's, or the member's own."""
    if isinstance(request.user, KeyPrincipal):
        return request.auth.organization
    if isinstance(request.user, User):
        org = selectors.organization_of(request.user)
        if org is not None:
            return org
    raise Problem("permission_denied", "you belong to no organization yet")


def actor_of_request(request: Request) -> Actor:
    """Who acts, for services: the member or the key."""
    if not isinstance(request.user, User | KeyPrincipal):
        raise Problem("invalid_api_key")
    return request.user


def _note_use(key: ApiKey) -> None:
    """A management call is a use too; the calls of models are noted from the ledger."""
    now = clock.now()
    if key.last_used_at is None or now - key.last_used_at > NOTE_EVERY:
        services.record_key_use(used={key.pk: now})


def _secret(request: Request) -> str | None:
    direct = request.META.get("HTTP_X_API_KEY")
    if direct is not None:
        return str(direct)
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
