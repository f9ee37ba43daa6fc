"""The customer's bills: the month so far, invoices line by line down to single calls, their files, the limit."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing import budgets, console, credits, services
from billing import selectors as money
from kernel.problems import Problem
from marketplace.accounts import selectors as accounts
from marketplace.portal.forms import minor_units
from marketplace.portal.views import member

FILES = {"pdf": (console.invoice_pdf, "application/pdf"), "csv": (console.invoice_csv, "text/csv; charset=utf-8"),
         "json": (console.invoice_json, "application/json")}


def statuses() -> dict[str, str]:
    """Words of the states of invoices, attempts and credit notes."""
    return {"draft": _("Draft"), "issued": _("Issued"), "paid": _("Paid"), "past_due": _("Past due"),
            "void": _("Void"), "uncollectible": _("Uncollectible"), "sending": _("On its way"),
            "stuck": _("Being looked into"), "succeeded": _("Succeeded"), "failed": _("Failed")}


def line_words(kind: str) -> str:
    """What a line without a model is."""
    return {"carry_in": _("Carried from the month before"), "carry_out": _("Carried to the next month"),
            "late": _("Usage that came late"), "topup": _("Credit"), "commitment": _("Minimum of the plan")}.get(
                kind, kind.replace("_", " ").capitalize())


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Everything about money on one page: spend, limit, plan, cards, credit, invoices."""
    org = member.organization(request, "billing:read")
    account, spend, known = console.billing_account(org.pk), member.spend(org), statuses()
    draft = money.draft_invoice(org.pk)
    keys = {key.pk: key.name for key in accounts.api_keys(org) if key.active}
    share = min(100, round(spend.spent_minor / spend.limit_minor * 100)) if spend and spend.limit_minor else None
    return render(request, "console/billing.html", {
        "nav": "billing", "account": account, "spend": spend, "share": share, "draft": draft,
        "lines": [(line, line_words(line.type)) for line in draft.lines], "plans": console.plans(org.pk),
        "budgets": [_budget(one, keys) for one in budgets.budgets(org.pk)], "keys": keys.items(),
        "cards": console.payment_methods(org.pk), "wallet": credits.wallet(org.pk),
        "disputes": console.open_disputes(org.pk), "alerts": _alerts(org.pk),
        "invoices": [(invoice, known.get(invoice.status, invoice.status)) for invoice in money.invoices(org.pk)],
        "manages": member.allowed(request, org, "billing:manage")})


@login_required
@require_GET
def invoice(request: HttpRequest, number: str) -> HttpResponse:
    """One invoice, or with "draft" what the month would be; `?line=` opens a line down to its calls."""
    org = member.organization(request, "billing:read")
    place = request.GET.get("line", "")
    opened = int(place) if place.isdecimal() and len(place) < 4 else None
    cursor = request.GET.get("cursor") or None
    if number == "draft":
        found = money.draft_invoice(org.pk)
    elif number.isdecimal() and len(number) < 18:
        found = money.invoice(org.pk, int(number))
    else:
        raise Problem("not_found")
    events = None
    if opened is not None and opened < len(found.lines) and found.lines[opened].model:
        line = found.lines[opened]
        if number == "draft":
            events = money.events(org.pk, since=money.periods.starts(line.month), model=line.model, mode="live",
                                  cursor=cursor)
        else:
            events = console.line_events(org.pk, int(number), opened, cursor=cursor)
    known, issued = statuses(), number != "draft"
    return render(request, "console/invoice.html", {
        "nav": "billing", "invoice": found, "status": known.get(found.status, found.status), "number": number,
        "lines": [(line, line_words(line.type)) for line in found.lines], "opened": opened, "events": events,
        "model": found.lines[opened].model if events and opened is not None else "",
        "events_behind": any(line.model for line in found.lines),
        "last_day": found.period_end - timedelta(days=1), "files": FILES if issued else {},
        "attempts": [(a, known.get(a.status, a.status)) for a in console.invoice_attempts(org.pk, int(number))]
        if issued else [],
        "notes": console.credit_notes(org.pk, int(number)) if issued else []})


@login_required
@require_GET
def file(request: HttpRequest, number: int, kind: str) -> HttpResponse:
    """An issued invoice as PDF, CSV or JSON."""
    org = member.organization(request, "billing:read")
    if kind not in FILES:
        raise Problem("not_found")
    write, content_type = FILES[kind]
    label = money.invoice(org.pk, number).number
    response = HttpResponse(write(org.pk, number), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{label}.{kind}"'
    return response


@login_required
@require_POST
def set_limit(request: HttpRequest) -> HttpResponse:
    """The hard limit of a month; empty lifts it. Keys feel it within a second."""
    org = member.organization(request, "billing:manage")
    raw = request.POST.get("limit", "").strip()
    minor = minor_units(raw, console.billing_account(org.pk).currency) if raw else None
    services.set_limit(org_id=org.pk, limit_minor=minor)
    messages.success(request, _("The limit was set.") if raw else _("The limit was lifted."))
    return redirect("billing")


def _budget(one: budgets.BudgetView, keys: dict[int, str]) -> dict[str, object]:
    """A budget with the words and the share that its row shows."""
    share = min(100, round(one.spent_minor / one.amount_minor * 100)) if one.amount_minor else 100
    fired = {alert.threshold for alert in one.alerts}
    return {"view": one, "share": share, "spent": round(one.spent_minor),
            "scope": keys.get(one.key_id, _("a key that ended")) if one.key_id else _("the whole organization"),
            "window": _("a day") if one.window == "day" else _("a month"),
            "thresholds": [(threshold, threshold in fired) for threshold in one.thresholds]}


def _alerts(org_id: int) -> list[tuple[budgets.AlertView, str, int]]:
    """What budgets told, newest first, with the name of each and what was spent then."""
    names = {one.id: one.name for one in budgets.budgets(org_id)}
    return [(alert, names.get(alert.budget_id, _("a budget that ended")), round(alert.spent_minor))
            for alert in budgets.alerts(org_id, limit=30)]


@login_required
@require_POST
def add_budget(request: HttpRequest) -> HttpResponse:
    """A limit that holds, or one that only tells, with a letter at each threshold."""
    org = member.organization(request, "billing:manage")
    key = request.POST.get("key", "")
    known = {str(one.pk): one.pk for one in accounts.api_keys(org)}
    thresholds = tuple(int(one) for one in request.POST.getlist("threshold") if one.isdecimal() and len(one) < 4)
    budgets.create_budget(
        org_id=org.pk, name=request.POST.get("name", ""), key_id=known.get(key),
        amount_minor=minor_units(request.POST.get("amount", ""), console.billing_account(org.pk).currency),
        window="day" if request.POST.get("window") == "day" else "month", hard="hard" in request.POST,
        thresholds=thresholds or budgets.DEFAULT_THRESHOLDS)
    messages.success(request, _("The budget counts from now on."))
    return redirect("billing")


@login_required
@require_POST
def remove_budget(request: HttpRequest, budget_id: int) -> HttpResponse:
    org = member.organization(request, "billing:manage")
    budgets.remove_budget(org_id=org.pk, budget_id=budget_id)
    messages.success(request, _("The budget is gone; what it told stays in the history."))
    return redirect("billing")
