"""The console: this month, keys, usage, the draft invoice, jobs, and subscribing to a model."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import selectors as money
from inference_backend.jobs import selectors as job_selectors
from kernel import clock
from kernel.problems import Problem
from marketplace.accounts import selectors as accounts
from marketplace.accounts import services as account_services
from marketplace.listings import selectors as listings
from marketplace.listings import services as listing_services
from marketplace.portal import shelf
from marketplace.portal.forms import KeyForm
from marketplace.portal.views.public import find_card


def _org(request: HttpRequest) -> Any:
    org = accounts.organization_of(request.user)
    if org is None:
        raise Http404
    return org


def _may(request: HttpRequest, org: Any, permission: str) -> None:
    try:
        accounts.authorize(org, request.user, permission)
    except Problem as problem:
        raise PermissionDenied(problem.detail) from None


def _spend(org: Any) -> money.Spend | None:
    """None before billing has opened the organization's account."""
    try:
        return money.spend_this_month(org.pk)
    except Problem:
        return None


def _month() -> tuple[datetime, datetime]:
    now = clock.now()
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0), now + timedelta(hours=1)


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    org = _org(request)
    spend, subscriptions = _spend(org), list(listings.subscriptions(org))
    has_key = accounts.api_keys(org).exists()
    steps = [("subscribe", bool(subscriptions)), ("key", has_key), ("call", bool(spend and spend.calls))]
    return render(
        request,
        "console/overview.html",
        {
            "nav": "overview",
            "spend": spend,
            "subscriptions": subscriptions,
            "steps": steps,
            "done": all(done for _step, done in steps),
        },
    )


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    org, form, secret, problem = _org(request), KeyForm(request.POST or None), "", None
    if request.method == "POST" and form.is_valid():
        try:
            _key, secret = account_services.create_api_key(
                org=org, actor=request.user, name=form.cleaned_data["name"], mode=form.cleaned_data["mode"]
            )
            form = KeyForm()
        except Problem as caught:
            problem = caught
    return render(request, "console/keys.html", _keys_page(org, form, secret, problem))


@login_required
@never_cache
@require_POST
def change_key(request: HttpRequest, key_id: int, action: str) -> HttpResponse:
    org, secret, problem = _org(request), "", None
    try:
        if action == "rotate":
            _key, secret = account_services.rotate_api_key(org=org, actor=request.user, key_id=key_id)
        elif action == "revoke":
            account_services.revoke_api_key(org=org, actor=request.user, key_id=key_id)
        else:
            raise Http404
    except Problem as caught:
        if caught.status == 404:
            raise Http404 from None
        problem = caught
    if not secret and problem is None:
        return redirect("keys")
    return render(request, "console/keys.html", _keys_page(org, KeyForm(), secret, problem))


def _keys_page(org: Any, form: KeyForm, secret: str, problem: Problem | None) -> dict[str, Any]:
    used = money.last_use(org.pk)
    return {
        "nav": "keys",
        "keys": [(key, used.get(key.pk)) for key in accounts.api_keys(org)],
        "form": form,
        "secret": secret,
        "problem": problem,
        "now": clock.now(),
    }


@login_required
@require_GET
def usage(request: HttpRequest) -> HttpResponse:
    org = _org(request)
    _may(request, org, "billing:read")
    since, until = _month()
    by_model, by_key, by_day = (
        money.usage(org.pk, since=since, until=until, group_by=group) for group in ("model", "key", "day")
    )
    if request.GET.get("format") == "csv":
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="usage.csv"'
        sheet = csv.writer(response)
        sheet.writerow(["day", "unit", "units", "calls", "amount_minor", "currency"])
        sheet.writerows(
            [row.group[:10], row.unit, row.units, row.events, row.amount_minor, row.currency] for row in by_day
        )
        return response
    names = {str(key.pk): key.name for key in accounts.api_keys(org)}
    return render(
        request,
        "console/usage.html",
        {
            "nav": "usage",
            "spend": _spend(org),
            "by_model": by_model,
            "bars": _bars(by_day, since),
            "by_key": _by_key(by_key, names),
        },
    )


def _by_key(rows: list[money.UsageSum], names: dict[str, str]) -> list[dict[str, Any]]:
    """Calls and cost of each key; its units differ from model to model and do not add up."""
    sums: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        blank = {"name": names.get(row.group, row.group), "calls": 0, "minor": Decimal(0), "currency": row.currency}
        of_key = sums.setdefault((row.group, row.currency), blank)
        of_key["calls"] += row.events
        of_key["minor"] += row.amount_minor
    return sorted(sums.values(), key=lambda of_key: -of_key["calls"])


def _bars(rows: list[money.UsageSum], since: datetime) -> list[dict[str, Any]]:
    """Calls of each day of the month to date, with the place of its bar in a drawing of 640 × 160."""
    calls: dict[str, int] = {}
    for row in rows:
        calls[row.group[:10]] = calls.get(row.group[:10], 0) + row.events
    top = max(calls.values(), default=0) or 1
    bars = []
    for day in range(clock.now().day):
        date = (since + timedelta(days=day)).date()
        count = calls.get(date.isoformat(), 0)
        height = round(count / top * 120)
        bars.append({"date": date, "calls": count, "x": 8 + day * 20, "y": 136 - height, "height": height})
    return bars


@login_required
@require_GET
def billing(request: HttpRequest) -> HttpResponse:
    org = _org(request)
    _may(request, org, "billing:read")
    try:
        draft = money.draft_invoice(org.pk)
    except Problem:
        draft = None
    return render(
        request, "console/billing.html", {"nav": "billing", "draft": draft, "invoices": money.invoices(org.pk)}
    )


@login_required
@require_GET
def jobs(request: HttpRequest) -> HttpResponse:
    org = _org(request)
    found, following = job_selectors.jobs_of(org_id=org.pk, limit=50, cursor=request.GET.get("cursor", ""))
    return render(request, "console/jobs.html", {"nav": "jobs", "jobs": found, "next": following})


@login_required
@ensure_csrf_cookie
@require_http_methods(["GET", "POST"])
def subscribe(request: HttpRequest, name: str) -> HttpResponse:
    org, card, problem = _org(request), find_card(name), None
    if request.method == "POST":
        try:
            listing_services.subscribe(org=org, actor=request.user, model=name, plan="payg")
            return redirect("model", name=name)
        except Problem as caught:
            problem = caught
    pricing = card.manifest["pricing"]
    units = min(
        max(int(request.GET.get("units", "1000") if request.GET.get("units", "").isdecimal() else 1000), 0), 10**9
    )
    free = pricing.get("free_per_month", 0)
    return render(
        request,
        "portal/subscribe.html",
        {
            "card": card,
            "nav": "models",
            "units": units,
            "free": free,
            "billed": max(0, units - free),
            "problem": problem,
            "estimate": max(0, units - free) * card.amount,
            "unit": shelf.UNITS[pricing["unit"]],
            "subscribed": listings.subscription(org, name) is not None,
        },
    )
