"""How a model of one's own is run: what was asked for, what runs and why, guarded rollouts and what they found."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from kernel.problems import Problem
from marketplace.portal.views import member
from model_registry import deployment_scale, experiments, registration, rollouts, selectors
from model_registry.access import Caller


@login_required
@never_cache
@require_GET
def page(request: HttpRequest, name: str) -> HttpResponse:
    org = member.organization(request, "models:read")
    found = selectors.own_model(name, org_id=org.pk)
    rows = list(rollouts.rollouts(found)[:6])
    compared = experiments.report(found)
    ready = sorted(selectors.versions(found).filter(state="ready").values_list("number", flat=True))
    live = [t for t in found.traffic if t["weight"]]
    return render(request, "portal/provider_models/deployment.html", {
        "nav": "own-models", "model": found, "plan": deployment_scale.plan_of(found), "running": _running(found),
        "metrics": _metrics(), "pools": _pools(), "ready": ready, "live": live,
        "changes": list(selectors.traffic_changes(found)[:8]), "rollouts": [(row, _said(row)) for row in rows],
        "current": next((row for row in rows if row.state == "running"), None), "states": _states(),
        "compared": compared if any(row["outcomes"] for row in compared["variants"]) else None,
        "deploys": member.allowed(request, org, "models:deploy")})


def _running(model: Any) -> list[tuple[Any, str]]:
    """Each version, and in words why it has the instances that it has."""
    words = _reasons()
    return [(row, words.get(row.steps["reason"], row.steps["reason"])) for row in deployment_scale.running(model)]


@login_required
@require_POST
def change(request: HttpRequest, name: str, action: str) -> HttpResponse:
    """What the page's buttons do. A refusal is said on the page."""
    acts = {"scale": _scale, "canary": _canary, "cancel": _cancel}
    if action not in acts:
        raise Http404
    org = member.organization(request, "models:deploy")
    caller = Caller(org.pk, org.slug, request.user, f"user:{request.user.pk}")
    try:
        messages.success(request, acts[action](request, caller, name))
    except Problem as problem:
        if problem.status == 404:
            raise
        messages.error(request, "; ".join(f"{e.pointer} {e.detail}" for e in problem.errors) or problem.detail)
    return redirect("own-deployment", name=name)


def _whole(request: HttpRequest, field: str, default: int) -> int:
    text = request.POST.get(field, "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 7):
        raise registration.invalid(f"/{field}", "must be a whole number")
    return int(text or default)


def _scale(request: HttpRequest, caller: Caller, name: str) -> str:
    """The form changes replicas, scaling, pool and warm-up; what the API set beyond that stays."""
    plan = deployment_scale.plan_of(selectors.own_model(name, org_id=caller.org_id))
    metric, least = request.POST.get("metric", ""), _whole(request, "min", 1)
    plan |= {"pool": request.POST.get("pool", "warm"), "warm_up": _whole(request, "warm_up", 0), "replicas": least,
             "autoscale": {"metric": metric, "target": _whole(request, "target", 70), "min": least,
                           "max": _whole(request, "max", least)} if metric else None}
    deployment_scale.deploy(caller=caller, name=name, said=plan)
    return _("The deployment is changed.")


def _canary(request: HttpRequest, caller: Caller, name: str) -> str:
    number = _whole(request, "version", 0)
    steps = [int(word) for word in request.POST.get("steps", "").replace(",", " ").split() if word.isdigit()]
    rollouts.start(caller=caller, name=name, version=number, steps=[s for s in steps if 0 < s < 100] or None,
                   bake_s=max(_whole(request, "bake", 5) * 60, 60), min_calls=_whole(request, "min_calls", 20))
    return _("Version %(number)s gets its first calls.") % {"number": number}


def _cancel(request: HttpRequest, caller: Caller, name: str) -> str:
    rollouts.cancel(caller=caller, name=name)
    return _("All calls go to the stable version again.")


def _said(row: Any) -> str:
    """What took a rollout back, in words."""
    words = {"error_rate": _("More of its calls failed"), "latency": _("It was slower"),
             "example_mismatch": _("It answered a golden example differently"), "no_answer": _("It did not answer"),
             "changed": _("Traffic was changed by hand")}
    return words.get((row.alarm or {}).get("kind", ""), "")


def _states() -> dict[str, str]:
    return {"running": _("Running"), "promoted": _("Promoted"), "rolled_back": _("Rolled back"),
            "canceled": _("Canceled")}


def _reasons() -> dict[str, str]:
    return {"fixed": _("as asked for"), "steady": _("at its target"), "load": _("load has grown"),
            "idle": _("little to do"), "cooling": _("waits before taking instances away"),
            "settling": _("waits for the last change to show"), "memory": _("no memory for more"),
            "unmeasured": _("not measured yet"), "not_loaded": _("comes with the next call")}


def _metrics() -> list[tuple[str, str]]:
    return [("", _("Fixed number")), ("cpu_utilization", _("Processor, % of an instance")),
            ("queue_ms", _("Waiting time, ms")), ("rps", _("Calls a second and instance"))]


def _pools() -> list[tuple[str, str]]:
    return [("hot", _("Hot: always in memory")), ("warm", _("Warm: in memory while it is used")),
            ("cold", _("Cold: first to leave the memory"))]
