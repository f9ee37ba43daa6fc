"""Fetching a hub's model by a click of staff, and how far it is."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from kernel.problems import Problem
from marketplace.accounts import audit
from marketplace.accounts import selectors as accounts
from marketplace.portal import shelf
from marketplace.portal.views.public import find_card
from marketplace.portal.views.staff import staff_only
from model_registry import fetching
from model_registry.hub.entries import entry


@never_cache
@staff_only
@require_http_methods(["GET", "POST"])
def fetch(request: HttpRequest, name: str) -> HttpResponse:
    """A POST asks for the fetch; a GET is the panel alone, for a page that watches it."""
    card = find_card(name)
    if request.method == "POST":
        fetching.model_of(name)
        org = accounts.organization_of(request.user)
        if org is None:
            raise Http404  # an act that no audit trail could hold
        with transaction.atomic():
            audit.record(org=org, actor=request.user, action="model.fetch", target=f"model:{name}",
                         ip=request.META.get("REMOTE_ADDR"))
        fetching.request_fetch(name=name, by=f"staff:{request.user.pk}")
        return redirect("model", name=name)
    return render(request, "portal/model/_fetch.html", panel(request, card))


def panel(request: HttpRequest, card: shelf.Card) -> dict[str, Any]:
    """What the panel shows: nothing for a model that has nothing to do with hubs, or that a visitor can call."""
    staff = bool(request.user.is_authenticated and request.user.is_active and request.user.is_staff)
    try:
        listed = entry(card.name) if card.model.owner_id is None else None
    except Problem:
        listed = None
    if listed is None or (card.fetched and not staff):
        return {"shown": False}
    now = fetching.progress(card.name) if staff else None
    stages = {"checking": _("Checking the net"), "trying": _("Answering its example once")}
    return {
        "request": request, "shown": True, "card": card, "staff": staff, "entry": listed, "now": now,
        "stage": stages.get(now.stage, now.stage) if now else "", "megabytes": (listed.bytes or 0) / 1e6,
        "done_mb": now.done / 1e6 if now else 0, "total_mb": now.total / 1e6 if now else 0,
    }
