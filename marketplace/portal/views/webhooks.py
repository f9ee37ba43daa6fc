"""Webhooks: the signing secrets, the newest deliveries, sending one again."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from inference_backend.jobs import webhooks
from kernel import ids
from marketplace.portal.views import member


@login_required
@never_cache
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    org = member.organization(request, "webhooks:manage")
    states = {"pending": _("Waiting"), "delivered": _("Delivered"), "failed": _("Failed")}
    rows = [{"id": ids.prefixed("msg", row.id), "row": row, "state": states[row.state]}
            for row in webhooks.deliveries_of(org_id=org.pk)]
    return render(request, "console/webhooks.html", {
        "nav": "webhooks", "secrets": webhooks.current_secrets(org_id=org.pk), "rows": rows})


@login_required
@require_POST
def rotate(request: HttpRequest) -> HttpResponse:
    org = member.organization(request, "webhooks:manage")
    webhooks.rotate_secret(org_id=org.pk)
    messages.success(request, _("There is a new secret; the one before signs along for a day."))
    return redirect("webhooks")


@login_required
@require_POST
def resend(request: HttpRequest, message_id: str) -> HttpResponse:
    org = member.organization(request, "webhooks:manage")
    webhooks.replay(org_id=org.pk, delivery_id=ids.unprefixed("msg", message_id))
    messages.success(request, _("It is sent again, under the same id."))
    return redirect("webhooks")
