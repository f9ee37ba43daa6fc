"""One model: its page with tabs, its versions, the files of its example."""

from __future__ import annotations

import json
import mimetypes
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_http_methods

from kernel.problems import Problem
from marketplace.accounts import selectors as accounts
from marketplace.listings import selectors as listings
from marketplace.listings import services as listing_services
from marketplace.portal import examples, schema_fields, shelf, subscribing
from marketplace.portal.playground import configuration
from marketplace.portal.views.public import find_card
from model_registry import selectors as registry
from model_registry.manifest import Manifest
from model_registry.schemas import schemas

TABS = ("playground", "api", "overview", "versions", "benchmarks", "reviews")
SIMILAR = 3


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version as its page shows it; `changes` is None for the first one."""

    number: int
    label: str
    state: str
    state_words: str
    digest: str
    created_at: datetime
    changes: list[tuple[str, str]] | None


@ensure_csrf_cookie
@require_http_methods(["GET", "POST"])
def model(request: HttpRequest, name: str) -> HttpResponse:
    """The page of a model; a POST is a review."""
    card, problem = find_card(name), None
    if request.method == "POST":
        problem = _review(request, name)
        if problem is None:
            return redirect(f"{reverse('model', args=[name])}?tab=reviews")
    asks, asked = subscribing.request_of(request.user, card.model)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else TABS[0]
    mean, count = listings.rating(card.listing)
    versions = list(registry.versions(card.model))
    similar = shelf.cards(listings.similar(card.listing, SIMILAR))
    context: dict[str, Any] = {
        "nav": "models", "card": card, "m": card.manifest, "tab": tab, "part": f"portal/model/{tab}.html",
        "subscribed": subscribing.subscribed(request.user, name), "rating": {"mean": mean, "count": count},
        "similar": similar, "problem": problem, "asks": asks, "asked": asked,
        "compare": f"{reverse('compare')}?{urlencode([('m', one.name) for one in [card, *similar]])}",
        "tabs": [("playground", _("Playground"), None), ("api", "API", None), ("overview", _("Overview"), None),
                 ("versions", _("Versions"), len(versions)), ("benchmarks", _("Benchmarks"), None),
                 ("reviews", _("Reviews"), count)],
    }
    if tab == "playground":
        context["config"] = configuration(request.user, card)
        context["picture"] = _picture(context["config"])
    elif tab == "api":
        context |= _api(card)
    elif tab == "versions":
        context["versions"] = _rows(versions)
    elif tab == "reviews":
        found = list(listings.reviews(card.listing)[:50])
        context |= {"reviews": found, "mine": next((r for r in found if r.user == request.user), None)}
    return render(request, "portal/model.html", context, status=problem.status if problem else 200)


def _picture(config: dict[str, Any]) -> str:
    """The address of the example's first picture, which the browser may fetch before the element asks for it."""
    given = (config["example"] or {}).get("input", {})
    for name, spec in config["inputs"].items():
        value = given.get(name)
        if spec["kind"] == "image" and isinstance(value, dict) and "$url" in value:
            return str(value["$url"])
    return ""


def _review(request: HttpRequest, name: str) -> Problem | None:
    org = accounts.organization_of(request.user) if request.user.is_authenticated else None
    if org is None:
        return Problem("permission_denied", _("Sign in to write a review."))
    raw = request.POST.get("rating", "")
    try:
        listing_services.review(org=org, user=request.user, model=name, rating=int(raw) if raw.isdecimal() else 0,
                                text=request.POST.get("text", ""))
    except Problem as problem:
        return problem
    return None


def _api(card: shelf.Card) -> dict[str, Any]:
    """Tables of fields from the model's JSON Schemas, and its stored example as request and response."""
    found = schemas(Manifest.model_validate(card.manifest))
    shown = examples.shown(card) or {"input": {}, "parameters": {}, "output": {}}
    short = schema_fields.shortened
    request = {"input": short(shown["input"]), "parameters": shown["parameters"]}
    response = {"object": "prediction", "model": card.name, "status": "succeeded", "output": short(shown["output"]),
                "usage": {"unit": card.unit}}
    return {
        "sections": [("input", schema_fields.rows(found["input"])),
                     ("parameters", schema_fields.rows(found["parameters"])),
                     ("output", schema_fields.rows(found["output"]))],
        "request_text": json.dumps(request, indent=2, ensure_ascii=False),
        "response_text": json.dumps(response, indent=2, ensure_ascii=False),
    }


@require_GET
def version(request: HttpRequest, name: str, number: int) -> HttpResponse:
    card = find_card(name)
    versions = list(registry.versions(card.model))
    row = next((row for row in _rows(versions) if row.number == number), None)
    if row is None:
        raise Http404
    artifacts = next(list(v.artifacts.all()) for v in versions if v.number == number)
    return render(request, "portal/version.html", {"nav": "models", "card": card, "v": row, "artifacts": artifacts})


def _rows(versions: list[Any]) -> list[VersionRow]:
    """Newest first, each with what its signature changed against the version before."""
    states = {"uploading": _("Uploading"), "validating": _("Being checked"), "ready": _("Ready"),
              "failed": _("Failed"), "retired": _("Retired")}
    rows = []
    for place, one in enumerate(versions):
        before = versions[place + 1] if place + 1 < len(versions) else None
        changes = schema_fields.changes(before.manifest, one.manifest) if before else None
        rows.append(VersionRow(one.number, one.label, one.state, states.get(one.state, one.state), one.digest,
                               one.created_at, changes))
    return rows


@require_GET
@cache_control(max_age=3600)
def sample(request: HttpRequest, name: str, file: str) -> HttpResponse:
    """A file of the example's input; only files that the example itself names are served."""
    return _file(examples.sample(find_card(name), file))


@require_GET
@cache_control(max_age=3600)
def medium(request: HttpRequest, name: str, file: str) -> HttpResponse:
    """A picture or sound of the example's stored answer."""
    return _file(examples.medium(find_card(name).name, file))


def _file(path: Path | None) -> HttpResponse:
    if path is None:
        raise Http404
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return HttpResponse(path.read_bytes(), content_type=kind)  # small: whole, since a page's server streams no files
