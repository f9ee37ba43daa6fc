"""Models of one's own: bring one in, see what its checks said, spread its calls, go back, put it on the shelf."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import urlencode

import yaml
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inference_backend.files import MAX_DIRECT
from inference_backend.jobs import files
from kernel import ids
from kernel.problems import Problem
from marketplace.listings import selectors as listings
from marketplace.portal import labels
from marketplace.portal.views import member
from marketplace.portal.views.staff import staff_only
from model_registry import deployment, origins, publication, registration, selectors
from model_registry.access import Caller
from model_registry.catalog_kit.tasks import TASKS

CARD = ("use", "limits", "misuse")


def _caller(request: HttpRequest, permission: str) -> Caller:
    org = member.organization(request, permission)
    return Caller(org.pk, org.slug, request.user, f"user:{request.user.pk}")


@login_required
@never_cache
@require_GET
def models(request: HttpRequest) -> HttpResponse:
    org = member.organization(request, "models:read")
    rows = [(model, selectors.versions(model).first(), selectors.publication(model))
            for model in selectors.own_models(org.pk)]
    return render(request, "portal/provider_models/list.html", {
        "nav": "own-models", "rows": rows, "states": _states(), "writes": member.allowed(request, org, "models:write")})


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Two steps: the file is kept and read, under an address that can be loaded again; then corrected and uploaded."""
    caller = _caller(request, "models:write")
    model = request.GET.get("model", "")
    known = selectors.own_model(model, org_id=caller.org_id) if model else None
    shown: dict[str, Any] = {"nav": "own-models", "model": known, "prefix": f"{caller.slug}.", "form": request.POST,
                             "tasks": sorted((labels.task(key), key) for key in TASKS)}
    try:
        if request.method != "POST":
            file_id = request.GET.get("file", "")
            return render(request, "portal/provider_models/new.html", {**shown, **_read(caller, file_id)}
                          if file_id else shown)
        if request.POST.get("step") == "import":
            return _import(request, caller, known.name if known else "")
        if request.POST.get("step") == "read":
            kept = {"file": _keep(request, caller), **({"model": known.name} if known else {})}
            return redirect(f"{request.path}?{urlencode(kept)}")
        return _bring_in(request, caller, known.name if known else "")
    except Problem as problem:
        shown["problem"] = problem
        if request.POST.get("file_id"):
            shown |= {"file_id": request.POST["file_id"], "manifest": request.POST.get("manifest", "")}
        return render(request, "portal/provider_models/new.html", shown, status=422)


def _keep(request: HttpRequest, caller: Caller) -> str:
    """Keeps the file for the second step; its public id."""
    sent = request.FILES.get("file")
    if sent is None:
        raise Problem("bundle_invalid", _("Choose a file."))
    return files.create(org_id=caller.org_id, filename=sent.name or "model.onnx", chunks=sent.chunks(),
                        limit=MAX_DIRECT).public_id


def _read(caller: Caller, file_id: str) -> dict[str, Any]:
    """What a kept file holds; one that can't be taken is forgotten at once."""
    row = files.file_of(org_id=caller.org_id, file_id=ids.unprefixed("file", file_id))
    with files.open_content(row) as content:
        found = registration.inspect(filename=row.filename, file=content)
    refused = next((check for check in found["checks"] if check["status"] == "failed"), None)
    if refused is not None:
        files.delete(org_id=caller.org_id, file_id=row.pk)
        return {"refused": refused, "checks": found["checks"]}
    draft = {"version": "1.0.0", **{k: v for k, v in (found["manifest"] or {}).items() if v not in ({}, [], "", None)}}
    return {"file_id": row.public_id, "found": found, "checks": found["checks"],
            "manifest": yaml.safe_dump(draft, sort_keys=False, allow_unicode=True)}


def _import(request: HttpRequest, caller: Caller, name: str) -> HttpResponse:
    given = request.POST
    model, version = origins.begin_import(
        caller=caller, repository=given.get("repository", "").strip(), revision=given.get("revision", "").strip()
        or "main", path=given.get("path", "").strip(), name=name, task=given.get("task", ""))
    messages.success(request, _("Version %(number)s is being fetched and checked.") % {"number": version.number})
    return redirect("own-report", name=model.name, number=version.number)


def _bring_in(request: HttpRequest, caller: Caller, name: str) -> HttpResponse:
    given = request.POST
    if not name:
        name = registration.create_model(
            caller=caller, name=given.get("name", ""), title=given.get("title", "")[:80],
            summary=given.get("summary", "")[:300], task=given.get("task", "")).name
    row = files.file_of(org_id=caller.org_id, file_id=ids.unprefixed("file", given.get("file_id", "")))
    with files.open_content(row) as content:
        version = registration.start_version(caller=caller, name=name, files=[(row.filename, content)],
                                             manifest=given.get("manifest") or None)
    messages.success(request, _("Version %(number)s is being checked.") % {"number": version.number})
    return redirect("own-model", name=name)


@login_required
@never_cache
@require_GET
def model(request: HttpRequest, name: str) -> HttpResponse:
    org = member.organization(request, "models:read")
    found = selectors.own_model(name, org_id=org.pk)
    versions = list(selectors.versions(found))
    weights = {t["version"]: t for t in found.traffic}
    price = selectors.price_value(found)
    return render(request, "portal/provider_models/model.html", {
        "nav": "own-models", "model": found, "states": _states(), "price": price,
        "rows": [(version, weights.get(version.number)) for version in versions],
        "ready": sorted(v.number for v in versions if v.state == "ready"),
        "live": [t for t in found.traffic if t["weight"]], "changes": list(selectors.traffic_changes(found)[:8]),
        "asking": listings.access_requests_to(org, model=name, state="waiting").count(),
        "publication": selectors.publication(found), "needed": publication.NEEDED,
        "writes": member.allowed(request, org, "models:write"),
        "deploys": member.allowed(request, org, "models:deploy"),
        "card": [(word, label, found.card.get(word, "")) for word, label in _card_words()],
        "origin": (found.card.get("origin") or {}).get("name", ""), "units": registration.UNITS})


@login_required
@never_cache
@require_GET
def report(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """The checks of one version; it asks again by itself while they run."""
    org = member.organization(request, "models:read")
    found = selectors.own_model(name, org_id=org.pk)
    version = selectors.version(found, str(number))
    words = {"passed": _("Passed"), "failed": _("Failed"), "warning": _("Warning"), "skipped": _("Skipped")}
    checks = [(check, words[check["status"]]) for check in (version.report or {}).get("checks", [])]
    others = [v for v in selectors.versions(found) if v.state == "ready" and v.number != number]
    earlier = next((v for v in others if v.number < number), None)
    part = request.headers.get("HX-Request") == "true"
    return render(request, "portal/provider_models/_report.html" if part else "portal/provider_models/report.html", {
        "nav": "own-models", "model": found, "version": version, "checks": checks, "state": _states()[version.state],
        "report": version.report or {}, "waits": version.state == "validating", "others": others,
        "progress": (version.upload or {}).get("progress"), "methods": _methods(),
        "lineage": [(label, version.lineage.get(word, "")) for word, label in _lineage_words()],
        "diff": deployment.compare_versions(found, version, earlier) if earlier and version.state == "ready" else None,
        "writes": member.allowed(request, org, "models:write")})


@login_required
@require_POST
def change(request: HttpRequest, name: str, action: str) -> HttpResponse:
    """What the buttons of a model's page do. A refusal is said on the page."""
    acts = {"traffic": _traffic, "rollback": _rollback, "activate": _activate, "retire": _retire, "texts": _texts,
            "publish": _publish, "withdraw": _withdraw, "compress": _compress, "deprecate": _deprecate}
    if action not in acts:
        raise Http404
    try:
        messages.success(request, acts[action](request, name))
    except Problem as problem:
        if problem.status == 404:
            raise
        said = "; ".join(f"{e.pointer} {e.detail}" for e in problem.errors) or problem.detail
        messages.error(request, said)
    return redirect("own-model", name=name)


def _number(request: HttpRequest, field: str) -> int:
    text = request.POST.get(field, "")
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise registration.invalid(f"/{field}", "must be a whole number")
    return int(text)


def _traffic(request: HttpRequest, name: str) -> str:
    """The slider: so much to the canary, the rest to the stable version."""
    stable, canary, share = (_number(request, field) for field in ("stable", "canary", "share"))
    targets = [{"version": stable, "weight": 100 - share, "label": "stable"},
               {"version": canary, "weight": share, "label": "canary"}]
    shadow = _number(request, "shadow") if request.POST.get("shadow") else None
    deployment.set_traffic(caller=_caller(request, "models:deploy"), name=name, shadow=shadow, targets=[
        target for target in targets if target["weight"]], sticky_by=request.POST.get("sticky_by", "key"))
    return _("Traffic is spread anew.")


def _rollback(request: HttpRequest, name: str) -> str:
    to = _number(request, "to") if request.POST.get("to") else None
    deployment.roll_back(caller=_caller(request, "models:deploy"), name=name, to=to)
    return _("Traffic is as it was.")


def _activate(request: HttpRequest, name: str) -> str:
    number = _number(request, "version")
    deployment.activate(caller=_caller(request, "models:deploy"), name=name, number=number)
    return _("Version %(number)s takes all calls.") % {"number": number}


def _retire(request: HttpRequest, name: str) -> str:
    number = _number(request, "version")
    deployment.retire(caller=_caller(request, "models:deploy"), name=name, number=number)
    return _("Version %(number)s is retired.") % {"number": number}


def _compress(request: HttpRequest, name: str) -> str:
    made = origins.begin_compression(
        caller=_caller(request, "models:write"), name=name, number=_number(request, "version"),
        method=request.POST.get("method", ""))
    return _("Version %(number)s is being made and checked.") % {"number": made.number}


def _deprecate(request: HttpRequest, name: str) -> str:
    number = _number(request, "version")
    try:
        day = datetime.combine(date.fromisoformat(request.POST.get("sunset", "")), time(), UTC)
    except ValueError:
        raise registration.invalid("/sunset", "must be a day") from None
    successor = _number(request, "successor") if request.POST.get("successor") else None
    deployment.deprecate(caller=_caller(request, "models:write"), name=name, number=number, sunset=day,
                         successor=successor, note=request.POST.get("note", ""))
    return _("Answers of version %(number)s now say until when it is there.") % {"number": number}


def _texts(request: HttpRequest, name: str) -> str:
    given = request.POST
    changes: dict[str, Any] = {
        "title": given.get("title", "")[:80], "summary": given.get("summary", "")[:300],
        "license": {"code": given.get("license_code", "")[:60], "weights": given.get("license_weights", "")[:60]},
        "card": {**{word: given.get(word, "")[:2000] for word in CARD},
                 "origin": {"name": given.get("origin", "")[:300]}}}
    registration.update_model(caller=_caller(request, "models:write"), name=name, changes=changes)
    return _("The texts are saved.")


def _publish(request: HttpRequest, name: str) -> str:
    given = request.POST
    pricing = {"unit": given.get("unit", "call"), "amount": given.get("amount", "0"), "currency": "USD"}
    publication.publish(caller=_caller(request, "models:write"), name=name, visibility="public", pricing=pricing,
                        terms_accepted=given.get("terms_accepted") == "on", terms=given.get("terms", ""))
    return _("Two members of staff will look at it.")


def _withdraw(request: HttpRequest, name: str) -> str:
    publication.withdraw(caller=_caller(request, "models:write"), name=name)
    return _("It is private again.")


# ---------------------------------------------------------------- for staff

@never_cache
@staff_only
@require_http_methods(["GET", "POST"])
def publications(request: HttpRequest) -> HttpResponse:
    """What waits for two agreements."""
    if request.method == "POST":
        try:
            _decide(request)
        except Problem as problem:
            messages.error(request, problem.detail)
        return redirect("staff-publications")
    rows = [(row, any(a["staff"] == request.user.pk for a in row.approvals))
            for row in selectors.publications("in_review")]
    return render(request, "portal/provider_models/publications.html", {
        "nav": "publications", "rows": rows, "needed": publication.NEEDED,
        "models": [(model, selectors.publication(model)) for model in selectors.within_staffs_reach()]})


def _decide(request: HttpRequest) -> None:
    action, reason = request.POST.get("action"), request.POST.get("note", "").strip()
    if action in ("takedown", "reinstate"):
        if not reason:
            raise registration.invalid("/reason", "is needed", "required")
        act = publication.take_down if action == "takedown" else publication.reinstate
        act(staff=request.user, name=request.POST.get("model", ""), reason=reason)
        messages.success(request, _("The model is taken down.") if action == "takedown" else _("The model is back."))
        return
    number = _number(request, "publication")
    if action == "approve":
        publication.approve(staff=request.user, publication_id=number, note=request.POST.get("note", ""))
        messages.success(request, _("Your agreement is noted."))
    elif action == "reject":
        publication.reject(staff=request.user, publication_id=number, reason=request.POST.get("note", ""))
        messages.success(request, _("The request is refused."))
    else:
        raise Http404


def _states() -> dict[str, str]:
    return {"uploading": _("Uploading"), "validating": _("Being checked"), "ready": _("Ready"), "failed": _("Failed"),
            "retired": _("Retired"), "private": _("Private"), "organization": _("Organization"), "public": _("Public"),
            "in_review": _("In review"), "published": _("Published"), "rejected": _("Refused"),
            "withdrawn": _("Withdrawn"), "taken_down": _("Taken down"), "active": _("Active"),
            "deprecated": _("Deprecated")}


def _lineage_words() -> list[tuple[str, str]]:
    return [("base_model", _("Made from")), ("dataset", _("Data")), ("training", _("Training")), ("code", _("Code"))]


def _methods() -> list[tuple[str, str]]:
    return [("int8_dynamic", _("8 bits, quantised as it runs")), ("int8_static", _("8 bits, ranges from the examples")),
            ("fp16", _("16 bits"))]


def _card_words() -> list[tuple[str, str]]:
    return [("use", _("What it is for")), ("limits", _("Where it fails")),
            ("misuse", _("What it must not be used for"))]
