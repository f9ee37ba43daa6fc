"""API keys: make one, copy it once, roll it with an overlap, revoke it."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from billing import selectors as money
from kernel.problems import Problem
from marketplace.accounts import selectors, services
from marketplace.accounts.permissions import SCOPES
from marketplace.accounts.selectors import Organization
from marketplace.listings import playground
from marketplace.listings import selectors as listings
from marketplace.portal import subscribing
from marketplace.portal.forms import KeyForm
from marketplace.portal.views import member


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    org, form, secret, problem = member.organization(request, "keys:read"), KeyForm(request.POST or None), "", None
    if request.method == "POST" and form.is_valid():
        try:
            _key, secret = services.create_api_key(
                org=org, actor=request.user, name=form.cleaned_data["name"],  # type: ignore[arg-type]
                mode=form.cleaned_data["mode"], scopes=form.cleaned_data["scopes"] or ["predict"])
            form = KeyForm()
        except Problem as caught:
            problem = caught
    return _page(request, org, form, secret, problem)


@login_required
@never_cache
@require_POST
def change(request: HttpRequest, key_id: int, action: str) -> HttpResponse:
    """Rolls or revokes a key; a stranger's key is not found."""
    org, secret = member.organization(request), ""
    if action == "rotate":
        raw = request.POST.get("hours", "24")
        hours = int(raw) if raw.isdecimal() else -1
        try:
            _key, secret = services.rotate_api_key(org=org, actor=request.user, key_id=key_id,  # type: ignore[arg-type]
                                                   grace=timedelta(hours=min(hours, 10_000)))
        except Problem as problem:
            if problem.status == 404:
                raise
            return _page(request, org, KeyForm(), "", problem)
        return _page(request, org, KeyForm(), secret, None)
    if action != "revoke":
        raise Http404
    services.revoke_api_key(org=org, actor=request.user, key_id=key_id)  # type: ignore[arg-type]
    return redirect("keys")


def _page(request: HttpRequest, org: Organization, form: KeyForm, secret: str, problem: Problem | None) -> HttpResponse:
    used = money.last_use(org.pk)
    shown = [(key, key.last_used_at or used.get(key.pk)) for key in selectors.api_keys(org)]
    faults = bool(problem or form.errors)
    given = selectors.scopes_to_give(org, request.user)  # type: ignore[arg-type]
    first, field = subscribing.first_call([row.model.name for row in listings.subscriptions(org)])
    return render(request, "console/keys.html", {
        "nav": "keys", "keys": [row for row in shown if row[0].active], "form": form, "secret": secret,
        "ended": [row for row in shown if not row[0].active], "problem": problem, "faults": faults,
        "manages": member.allowed(request, org, "keys:manage"),
        "scopes": [scope for scope in SCOPES if scope in given], "first": first, "first_field": field,
        "origin": settings.ENV.public_url, "code_key": playground.code_key(request.user) or "",
    }, status=422 if faults else 200)
