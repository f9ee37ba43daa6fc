"""The console's overview, and subscribing to a model or leaving it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import selectors as money
from inference_backend.jobs import selectors as job_selectors
from kernel.problems import Problem
from marketplace.accounts import selectors as accounts
from marketplace.listings import access_requests, playground, selectors
from marketplace.listings import services as listings
from marketplace.portal import labels, shelf, subscribing
from marketplace.portal.templatetags.portal import UNDO
from marketplace.portal.views import access, member
from marketplace.portal.views.public import find_card


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """What a member needs each day: the month, what is left to set up, the newest jobs."""
    org = member.organization(request)
    pays = member.allowed(request, org, "billing:read")
    spend = member.spend(org)
    names = [s.model.name for s in selectors.subscriptions(org)]
    made = [key for key in accounts.api_keys(org) if key.name not in (playground.NAME, playground.CODE_NAME)]
    used = bool(money.last_use(org.pk))
    steps = [
        {"done": bool(names), "title": _("Subscribe to a model"), "url": "/models/",
         "words": _("Choose by task or industry; the subscription itself is free.")},
        {"done": bool(made), "title": _("Create a key"), "url": "/console/keys/",
         "words": _("One for each program that calls.")},
        {"done": used, "title": _("Make the first call"), "url": "/docs/",
         "words": _("Run the playground, or paste the code below.")},
        {"done": accounts.members(org).count() > 1, "title": _("Invite a colleague"), "url": "/console/team/",
         "words": _("Roles decide who may see bills, make keys and deploy.")},
    ]
    jobs, _cursor = job_selectors.jobs_of(org_id=org.pk, limit=5)
    first, field = subscribing.first_call(names)
    return render(request, "console/overview.html", {
        "nav": "overview", "spend": spend if pays else None, "pays": pays, "steps": steps,
        "done": sum(1 for step in steps if step["done"]), "jobs": jobs, "count": len(names),
        "subscriptions": shelf.cards(selectors.by_names(names[:6])), "first": first, "first_field": field,
        "origin": settings.ENV.public_url, "key": playground.code_key(request.user) or "", "members":
        accounts.members(org).count()})


@login_required
@require_GET
def subscriptions(request: HttpRequest) -> HttpResponse:
    org = member.organization(request, "subscriptions:read")
    rows = list(selectors.subscriptions(org))
    cards = {card.name: card for card in shelf.cards(selectors.by_names(s.model.name for s in rows))}
    words = access.states()
    asked = [row for row in selectors.access_requests(org)[:20] if row.state != "approved"]
    return render(request, "console/subscriptions.html", {
        "nav": "subscriptions", "manages": member.allowed(request, org, "subscriptions:manage"),
        "rows": [(row, cards.get(row.model.name)) for row in rows],
        "requests": [(row, words[row.state]) for row in asked]})


@login_required
@require_POST
def cancel_request(request: HttpRequest, request_id: int) -> HttpResponse:
    """Takes a request for access back."""
    org = member.organization(request)
    access_requests.cancel(org=org, request_id=request_id, actor=request.user)  # type: ignore[arg-type]
    messages.success(request, _("The request is taken back."))
    return redirect("subscriptions")


@login_required
@require_POST
def unsubscribe(request: HttpRequest, name: str) -> HttpResponse:
    org = member.organization(request)
    listings.unsubscribe(org=org, model=name, actor=request.user)  # type: ignore[arg-type]
    messages.success(request, _("The subscription to %(name)s has ended.") % {"name": name},
                     extra_tags=UNDO + reverse("subscribe-again", args=[name]))
    return redirect("subscriptions")


@login_required
@require_POST
def subscribe_again(request: HttpRequest, name: str) -> HttpResponse:
    """Undoes the end of a subscription: it costs nothing by itself, and the keys call again within a second."""
    org = member.organization(request)
    listings.subscribe(org=org, actor=request.user, model=name, plan="payg")  # type: ignore[arg-type]
    messages.success(request, _("You are subscribed to %(name)s again.") % {"name": name})
    return redirect("subscriptions")


@login_required
@ensure_csrf_cookie
@require_http_methods(["GET", "POST"])
def subscribe(request: HttpRequest, name: str) -> HttpResponse:
    """The price, an estimate for the month, and one button; of a gated model, a few words to its provider."""
    org, card, problem = member.organization(request), find_card(name), None
    if request.method == "POST":
        try:
            if "purpose" in request.POST:
                access_requests.ask(org=org, actor=request.user, model=name,  # type: ignore[arg-type]
                                    purpose=request.POST["purpose"])
                messages.success(request, _("The provider has your request. A letter tells you what they say."))
                return redirect("subscribe", name=name)
            listings.subscribe(org=org, actor=request.user, model=name, plan="payg")  # type: ignore[arg-type]
            messages.success(request, _("You are subscribed. Run it here, or paste the code."))
            return redirect("model", name=name)
        except Problem as caught:
            problem = caught
    raw = request.GET.get("units", "")
    units = min(int(raw), 10**9) if raw.isdecimal() else 10_000
    billed = max(0, units - card.free)
    asks, asked = subscribing.request_of(request.user, card.model)
    return render(request, "portal/subscribe.html", {
        "nav": "models", "card": card, "units": units, "billed": billed, "estimate": billed * card.amount,
        "problem": problem, "unit": labels.unit(card.unit), "asks": asks, "asked": asked,
        "subscribed": selectors.subscription(org, name) is not None,
    }, status=problem.status if problem else 200)
