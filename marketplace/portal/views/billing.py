"""The customer's bills: the month so far, invoices line by line down to single calls, the spending limit."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing import selectors as money
from billing import services
from kernel.money import EXPONENTS
from kernel.problems import Problem
from marketplace.listings import grants
from marketplace.portal.views import member


def statuses() -> dict[str, str]:
    """Words of an invoice's states."""
    return {"draft": _("Draft"), "issued": _("Issued"), "paid": _("Paid"), "past_due": _("Past due"),
            "void": _("Void"), "uncollectible": _("Uncollectible")}


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    org = member.organization(request, "billing:read")
    spend = member.spend(org)
    draft = money.draft_invoice(org.pk) if spend else None
    known = statuses()
    share = min(100, round(spend.spent_minor / spend.limit_minor * 100)) if spend and spend.limit_minor else None
    return render(request, "console/billing.html", {
        "nav": "billing", "spend": spend, "draft": draft, "limits": money.limits(org.pk), "share": share,
        "invoices": [(invoice, known.get(invoice.status, invoice.status)) for invoice in money.invoices(org.pk)],
        "manages": member.allowed(request, org, "billing:manage")})


@login_required
@require_GET
def invoice(request: HttpRequest, number: str) -> HttpResponse:
    """One invoice, or with "draft" what the month would be; `?model=` opens a line down to its calls."""
    org = member.organization(request, "billing:read")
    if number == "draft":
        found = money.draft_invoice(org.pk)
    elif number.isdecimal() and len(number) < 18:
        found = money.invoice(org.pk, int(number))
    else:
        raise Problem("not_found")
    model, events = request.GET.get("model", "")[:64], None
    if model:
        since = money.periods.starts(found.period_start)
        until = money.periods.starts(found.period_end)
        events = money.events(org.pk, since=since, until=until, model=model, mode="live", limit=50,
                              cursor=request.GET.get("cursor") or None)
    return render(request, "console/invoice.html", {
        "nav": "billing", "invoice": found, "status": statuses().get(found.status, found.status), "number": number,
        "model": model, "events": events, "last_day": found.period_end - timedelta(days=1)})


@login_required
@require_POST
def set_limit(request: HttpRequest) -> HttpResponse:
    """The hard limit of a month; empty lifts it. Keys feel it within a second."""
    org = member.organization(request, "billing:manage")
    raw = request.POST.get("limit", "").strip().replace(",", "")
    try:
        places = EXPONENTS[org.currency]
        minor = int(Decimal(raw).scaleb(places).to_integral_value()) if raw else None
    except (InvalidOperation, OverflowError):
        raise Problem("validation_error", _("A limit is an amount such as 250.")) from None
    services.set_limit(org_id=org.pk, limit_minor=minor)
    grants.write_snapshots(org)
    messages.success(request, _("The limit was set.") if raw else _("The limit was lifted."))
    return redirect("billing")
