"""Webhooks: addresses that are told of events, the signing secrets, the newest deliveries, sending one again."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from inference_backend.jobs import endpoints, webhooks
from kernel import ids
from kernel.problems import Problem
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
        "nav": "webhooks", "secrets": webhooks.current_secrets(org_id=org.pk), "rows": rows,
        "endpoints": [(ids.prefixed("whe", one.id), one) for one in endpoints.endpoints_of(org_id=org.pk)],
        "groups": _groups()})


def _groups() -> list[tuple[str, str]]:
    """The groups of events that an address may choose: pattern, words."""
    words = {"version": _("Versions: uploaded, ready, failed, deprecated"), "model": _("Models: changed, taken down"),
             "alias": _("Aliases"), "traffic": _("Traffic"), "canary": _("Guarded rollouts"),
             "deployment": _("Deployments"), "experiment": _("Comparisons of versions"),
             "publication": _("Publication"), "access": _("Requests for access"), "compression": _("Compression")}
    found = dict.fromkeys(event.partition(".")[0] for event in endpoints.known_events())
    return [(f"{group}.*", words.get(group, group)) for group in found]


@login_required
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    org = member.organization(request, "webhooks:manage")
    try:
        endpoints.create(org_id=org.pk, url=request.POST.get("url", ""), events=request.POST.getlist("event"))
        messages.success(request, _("The address is told from now on."))
    except Problem as problem:
        messages.error(request, "; ".join(f"{e.pointer} {e.detail}" for e in problem.errors) or problem.detail)
    return redirect("webhooks")


@login_required
@require_POST
def change(request: HttpRequest, endpoint_id: str, action: str) -> HttpResponse:
    org = member.organization(request, "webhooks:manage")
    which = ids.unprefixed("whe", endpoint_id)
    if action == "test":
        endpoints.send_test(org_id=org.pk, endpoint_id=which)
        messages.success(request, _("A test message is on its way."))
    elif action == "remove":
        endpoints.delete(org_id=org.pk, endpoint_id=which)
        messages.success(request, _("The address is told no more."))
    else:
        raise Http404
    return redirect("webhooks")


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
