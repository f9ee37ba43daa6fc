"""A provider's page of who may subscribe to a model: who asks, who is in, and the buttons that decide."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from kernel.problems import Problem
from marketplace.listings import access_requests
from marketplace.listings import selectors as listings
from marketplace.portal.views import member
from model_registry import registration, selectors
from model_registry.access import Caller

SHOWN = 100


@login_required
@never_cache
@require_GET
def page(request: HttpRequest, name: str) -> HttpResponse:
    """Who waits stands first, then who is in, then what was decided otherwise."""
    org = member.organization(request, "models:read")
    found = selectors.own_model(name, org_id=org.pk)
    rows = list(listings.access_requests_to(org, model=name)[:SHOWN])
    return render(request, "portal/provider_models/access.html", {
        "nav": "own-models", "model": found, "writes": member.allowed(request, org, "models:write"),
        "waiting": [row for row in rows if row.state == "waiting"],
        "inside": [row for row in rows if row.state == "approved"],
        "over": [(row, states()[row.state]) for row in rows if row.state not in ("waiting", "approved")]})


@login_required
@require_POST
def set_access(request: HttpRequest, name: str) -> HttpResponse:
    """Opens or gates a model. Who is subscribed stays so until the provider says otherwise."""
    org = member.organization(request, "models:write")
    gated = request.POST.get("access") == "gated"
    registration.update_model(caller=Caller(org.pk, org.slug, request.user, f"user:{request.user.pk}"), name=name,
                              changes={"access": "gated" if gated else "open"})
    messages.success(request, _("Who subscribes needs your approval from now on.") if gated
                     else _("Everybody may subscribe from now on."))
    return redirect("own-access", name=name)


@login_required
@require_POST
def decide(request: HttpRequest, name: str, request_id: int, action: str) -> HttpResponse:
    org = member.organization(request, "models:write")
    selectors.own_model(name, org_id=org.pk)
    who, reason = request.user, request.POST.get("reason", "")
    try:
        if action == "approve":
            found = access_requests.approve(org=org, request_id=request_id, actor=who)  # type: ignore[arg-type]
            said = _("%(organization)s may call it now.")
        elif action == "refuse":
            found = access_requests.refuse(org=org, request_id=request_id, reason=reason,
                                           actor=who)  # type: ignore[arg-type]
            said = _("%(organization)s reads your reason.")
        elif action == "withdraw":
            found = access_requests.withdraw(org=org, request_id=request_id, reason=reason,
                                             actor=who)  # type: ignore[arg-type]
            said = _("%(organization)s can't call it any more.")
        else:
            raise Http404
        messages.success(request, said % {"organization": found.organization_name})
    except Problem as problem:
        if problem.status == 404:
            raise
        messages.error(request, _("Say the reason.") if problem.errors else problem.detail)
    return redirect("own-access", name=name)


def states() -> dict[str, str]:
    """The words of a request's states."""
    return {"waiting": _("Waiting"), "approved": _("Let in"), "refused": _("Refused"), "canceled": _("Taken back"),
            "withdrawn": _("Access ended")}
