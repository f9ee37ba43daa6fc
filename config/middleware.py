"""What every request carries: an id that finds it in the logs, and the organization it speaks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.internal.flows.reauthentication import get_reauthentication_flows, suspend_request
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from config import logs
from kernel.ids import uuid7
from kernel.problems import Problem
from marketplace.accounts import entrance, security, selectors

PROGRAMS = "/api/"
# Where an organization's rules don't hold: the way out of it, the way to a second factor, and reading what is public.
EXITS = ("/account/", "/logout/", "/login/", "/signup/", "/invite/", "/console/switch/", "/console/security/")
PUBLIC = ("/static/", "/status/", "/healthz", "/docs/", "/models/", "/collections/", "/search/", "/pricing/",
          "/compare/", "/providers/", "/.well-known/")
# What asks for a fresh login when it changes something: keys, money, people and rules.
SENSITIVE = ("/console/keys/", "/console/billing/", "/console/team/", "/console/organization/",
             "/console/service-accounts/", "/console/security/", "/provider/", "/api/v1/api-keys", "/api/v1/billing/",
             "/api/v1/teams", "/api/v1/service-accounts")


class RequestId:
    """Sets `request.request_id` and answers it as X-Request-Id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = f"req_{uuid7().hex}"  # type: ignore[attr-defined]
        logs.request_id.set(request.request_id)  # type: ignore[attr-defined]
        response = self._get_response(request)
        response.headers.setdefault("X-Request-Id", request.request_id)  # type: ignore[attr-defined]
        return response


class OrganizationOfSession:
    """Sets `request.organization_id` for a signed-in member; a key's authentication sets it for programs.

    A session that chose one of several organizations (CHOSEN) works in that one, on pages and in the API.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.organization_id = None  # type: ignore[attr-defined]
        if request.user.is_authenticated:
            request.user.works_in = request.session.get(selectors.CHOSEN)
            organization = selectors.organization_of(request.user)
            request.organization_id = organization.pk if organization else None  # type: ignore[attr-defined]
            if organization is not None and not _without_rules(request):
                try:
                    security.check_session(org=organization, user=request.user,
                                           ip=request.META.get("REMOTE_ADDR", ""))
                except Problem as problem:
                    return _refused(request, problem)
        return self._get_response(request)


class FreshLogin:
    """Asks for the password (or the second factor) again before keys, money, people or rules are changed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Django's hook, before the view. A form that was sent goes on after the answer."""
        if (request.method in ("GET", "HEAD", "OPTIONS") or not request.path.startswith(SENSITIVE)
                or not request.user.is_authenticated or _has_key(request) or entrance.fresh(request)):
            return None
        if request.path.startswith(PROGRAMS):
            return _refused(request, Problem("permission_denied", "log in again: the login is not fresh enough "
                                             "to change keys or money", needs="fresh_login"))
        if not get_reauthentication_flows(request.user):  # signed in by the organization's provider: once more
            logout(request)
            return redirect(f"{reverse('login')}?next=/console/")
        return suspend_request(request, reverse("account_reauthenticate"))


def _without_rules(request: HttpRequest) -> bool:
    if request.path.startswith(EXITS):
        return True
    return request.method in ("GET", "HEAD") and (request.path == "/" or request.path.startswith(PUBLIC))


def _has_key(request: HttpRequest) -> bool:
    """Whether a program speaks by its key; DRF then takes no notice of the session."""
    return "HTTP_X_API_KEY" in request.META or request.META.get("HTTP_AUTHORIZATION", "")[:7].lower() == "bearer "


def _refused(request: HttpRequest, problem: Problem) -> HttpResponse:
    if request.path.startswith(PROGRAMS):
        return JsonResponse(problem.document(getattr(request, "request_id", "")), status=problem.status,
                            content_type="application/problem+json")
    if problem.extra.get("needs") == "two_factor":
        return redirect("mfa_index")
    return render(request, "account/refused.html", {"problem": problem}, status=problem.status)
