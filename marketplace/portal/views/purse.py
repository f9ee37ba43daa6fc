"""Paying: cards, credit and its top-ups, the plan, whom bills go to. Card numbers are typed on the provider's pages."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing import console, credits, payments, services
from kernel.problems import Problem
from marketplace.portal.forms import minor_units
from marketplace.portal.views import member


def _back(request: HttpRequest) -> tuple[str, str]:
    """Where the provider sends the browser afterwards: when done (with the session's id), and when given up."""
    done = request.build_absolute_uri(reverse("checkout-done"))
    return f"{done}?session={{CHECKOUT_SESSION_ID}}", request.build_absolute_uri(reverse("billing"))


@login_required
@require_POST
def add_card(request: HttpRequest) -> HttpResponse:
    org = member.organization(request, "billing:manage")
    done, given_up = _back(request)
    return HttpResponseRedirect(payments.start_card_setup(org_id=org.pk, success_url=done, cancel_url=given_up))


@login_required
@require_POST
def top_up(request: HttpRequest) -> HttpResponse:
    org = member.organization(request, "billing:manage")
    amount = minor_units(request.POST.get("amount", ""), console.billing_account(org.pk).currency)
    done, given_up = _back(request)
    return HttpResponseRedirect(
        payments.start_topup(org_id=org.pk, amount_minor=amount, success_url=done, cancel_url=given_up))


@login_required
@require_GET
def done(request: HttpRequest) -> HttpResponse:
    """The way back from the provider's page; its webhook tells the same, so asking twice is harmless."""
    org = member.organization(request, "billing:manage")
    finished = payments.finish_checkout(org_id=org.pk, session_id=request.GET.get("session", "")[:200])
    if finished:
        messages.success(request, _("It is done."))
    else:
        messages.info(request, _("It is not finished yet; this page shows it when it is."))
    return redirect("billing")


@login_required
@require_POST
def change_card(request: HttpRequest, method_id: str, action: str) -> HttpResponse:
    org = member.organization(request, "billing:manage")
    if action == "default":
        payments.set_default_card(org_id=org.pk, method_id=method_id)
    elif action == "remove":
        payments.remove_card(org_id=org.pk, method_id=method_id)
    else:
        raise Problem("not_found")
    return redirect("billing")


@login_required
@require_POST
def auto_recharge(request: HttpRequest) -> HttpResponse:
    """Tops credit up by itself below a threshold; empty fields turn it off."""
    org = member.organization(request, "billing:manage")
    currency = console.billing_account(org.pk).currency
    below, amount = request.POST.get("below", "").strip(), request.POST.get("amount", "").strip()
    credits.set_auto_recharge(org_id=org.pk, below_minor=minor_units(below, currency) if below else None,
                              amount_minor=minor_units(amount, currency) if amount else None)
    messages.success(request, _("Saved."))
    return redirect("billing")


@login_required
@require_POST
def redeem(request: HttpRequest) -> HttpResponse:
    org = member.organization(request, "billing:manage")
    credits.redeem_coupon(org_id=org.pk, code=request.POST.get("code", "")[:60])
    messages.success(request, _("The coupon counts from the next invoice on."))
    return redirect("billing")


@login_required
@require_POST
def choose_plan(request: HttpRequest) -> HttpResponse:
    org = member.organization(request, "billing:manage")
    services.choose_plan(org_id=org.pk, plan=request.POST.get("plan", ""))
    messages.success(request, _("The plan was chosen."))
    return redirect("billing")


@login_required
@require_POST
def set_details(request: HttpRequest) -> HttpResponse:
    """Whom bills are made out to."""
    org = member.organization(request, "billing:manage")
    services.set_billing_details(org_id=org.pk, **{
        name: request.POST.get(name, "") for name in ("email", "legal_name", "address", "tax_id")})
    messages.success(request, _("Saved."))
    return redirect("billing")
