"""For those whose models others call: what they earned, what was paid out, and where the money goes."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing import console, payouts
from marketplace.portal.views import member


@login_required
@require_GET
def earnings(request: HttpRequest) -> HttpResponse:
    org = member.organization(request, "billing:read")
    words = {"paid": _("Paid"), "sending": _("On its way"), "pending": _("Waiting"), "failed": _("Failed")}
    return render(request, "console/earnings.html", {
        "nav": "earnings", "earnings": payouts.earnings(org.pk), "account": console.billing_account(org.pk),
        "payouts": [(one, words.get(one.status, one.status)) for one in payouts.payouts_of(org.pk)],
        "manages": member.allowed(request, org, "billing:manage")})


@login_required
@require_GET
def payout(request: HttpRequest, payout_id: int) -> HttpResponse:
    """One settlement, line by line; its lines add up to what was transferred."""
    org = member.organization(request, "billing:read")
    return render(request, "console/payout.html", {
        "nav": "earnings", "payout": payouts.payout_statement(org.pk, payout_id)})


@login_required
@require_POST
def onboard(request: HttpRequest) -> HttpResponse:
    """To the payment provider's page, where a bank account is named."""
    org = member.organization(request, "billing:manage")
    back = request.build_absolute_uri(reverse("earnings"))
    return HttpResponseRedirect(payouts.start_onboarding(
        org_id=org.pk, email=request.user.email, return_url=back, refresh_url=back))  # type: ignore[union-attr]
