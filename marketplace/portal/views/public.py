"""Pages that need no account: home, catalogue, model, pricing, quickstart."""

from __future__ import annotations

import mimetypes
from collections import Counter
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET

from kernel.problems import CODES, Problem
from marketplace.portal import shelf, subscribing
from marketplace.portal.templatetags.portal import money

SHOWN_FIRST = ("pii-redact", "sentiment-en", "face-detect", "forecast-auto", "vehicle-routing", "series-anomaly")


def _chinese() -> bool:
    return (get_language() or "").startswith("zh")


def find_card(name: str) -> shelf.Card:
    try:
        return shelf.card(name)
    except Problem as problem:
        raise Http404(problem.detail) from None


@require_GET
@ensure_csrf_cookie
def home(request: HttpRequest) -> HttpResponse:
    cards = shelf.cards()
    ahead = [cards[name] for name in SHOWN_FIRST if name in cards]
    rest = [card for card in cards.values() if card not in ahead]
    modalities = [
        {"value": value, "label": shelf.label("modality", value, chinese=_chinese()), "count": count}
        for value, count in Counter(c.modality for c in cards.values()).most_common()
    ]
    demo = next((card for card in ahead + rest if card.manifest["output"] in ("spans", "series_forecast")), None)
    return render(
        request,
        "portal/home.html",
        {
            "count": len(cards),
            "modalities": modalities,
            "featured": (ahead + rest)[:6],
            "demo": demo,
            "config": playground(request, demo) if demo else None,
            "nav": "home",
        },
    )


@require_GET
def catalogue(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "")[:100]
    chosen = {facet: request.GET.getlist(facet) for facet in shelf.FACETS}
    found, facets = shelf.search(query, chosen, chinese=_chinese())
    if request.GET.get("sort") == "price":
        found.sort(key=lambda card: (card.amount, card.name))
    template = "portal/_results.html" if request.headers.get("HX-Target") == "results" else "portal/catalogue.html"
    return render(
        request,
        template,
        {
            "cards": found,
            "facets": facets,
            "query": query,
            "nav": "models",
            "count": len(shelf.cards()),
            "sort": request.GET.get("sort", ""),
        },
    )


@require_GET
def palette(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "")[:100]
    pages = [
        (_("Models"), reverse("catalogue")),
        (_("Pricing"), reverse("pricing")),
        (_("Docs"), reverse("docs")),
        (_("API keys"), reverse("keys")),
        (_("Usage"), reverse("usage")),
        (_("Billing"), reverse("billing")),
    ]
    found = shelf.search(query, {}, chinese=_chinese())[0][:8]
    return render(
        request,
        "portal/_palette.html",
        {"pages": [page for page in pages if query.lower() in page[0].lower()], "cards": found},
    )


def _with_addresses(value: Any, name: str) -> Any:
    """Media of an example become addresses that the browser can fetch."""
    if isinstance(value, dict):
        if "$file" in value:
            return {"$url": reverse("sample", args=[name, value["$file"]])}
        return {key: _with_addresses(inner, name) for key, inner in value.items()}
    return [_with_addresses(inner, name) for inner in value] if isinstance(value, list) else value


def playground(request: HttpRequest, card: shelf.Card) -> dict[str, Any]:
    """All that the playground element needs, as JSON."""
    m = card.manifest
    words = {
        "input": _("Input"),
        "output": _("Output"),
        "preview": _("Preview"),
        "code": _("Code"),
        "run": _("Run"),
        "follows": _("Follows the form. Put your key into TESSERA_API_KEY."),
        "this_run": _("One unit"),
        "sign_up": _("Sign up to run"),
        "subscribe": _("Subscribe to run"),
        "copy": _("Copy"),
        "copied": _("Copied"),
        "stored": _("Stored example, free"),
        "running": _("Running…"),
        "starting": _("Starting the model…"),
        "failed": _("That did not work"),
        "upload": _("Choose, drop or paste a file"),
        "too_large": _("This file is too large."),
        "numbers": _("numbers, separated by commas or lines"),
        "add_row": _("Add a row"),
        "bad_json": _("This is not valid JSON."),
        "nothing": _("Nothing was found."),
        "coverage": _("Coverage"),
        "compare": _("Before and after"),
        "mask": _("Mask"),
        "similarity": _("cosine similarity"),
    }
    pricing = m["pricing"]
    return {
        "model": card.name,
        "output": m["output"],
        "inputs": m["input"],
        "parameters": m.get("parameters") or {},
        "example": {
            "input": _with_addresses(card.example["input"], card.name),
            "parameters": card.example.get("parameters") or {},
            "output": _with_addresses(card.example["output"], card.name),
        },
        "price": f"{money(card.amount, card.currency)} / {shelf.UNITS[pricing['unit']]}",
        "state": m["serving"].get("pool", "warm"),
        "signedIn": request.user.is_authenticated,
        "subscribed": subscribing.subscribed(request.user, card.name),
        "csrfCookie": settings.CSRF_COOKIE_NAME,
        "t": words,
    }


@require_GET
@ensure_csrf_cookie
def model(request: HttpRequest, name: str) -> HttpResponse:
    card = find_card(name)
    tab = request.GET.get("tab", "playground")
    return render(
        request,
        "portal/model.html",
        {
            "card": card,
            "m": card.manifest,
            "config": playground(request, card),
            "nav": "models",
            "tab": tab if tab in ("playground", "api", "overview", "versions") else "playground",
            "subscribed": subscribing.subscribed(request.user, name),
            "free": card.manifest["pricing"].get("free_per_month", 0),
        },
    )


@require_GET
def sample(request: HttpRequest, name: str, file: str) -> HttpResponse:
    """A file of the example; only files that the example itself names are served."""
    card = find_card(name)
    if f'"{file}"' not in str(card.example).replace("'", '"') or "/" in file:
        raise Http404
    for folder in (card.folder, shelf.CATALOG / "samples"):
        if (folder / file).is_file():
            kind = mimetypes.guess_type(file)[0] or "application/octet-stream"
            return FileResponse((folder / file).open("rb"), content_type=kind)
    raise Http404


@require_GET
def pricing(request: HttpRequest) -> HttpResponse:
    cards = sorted(shelf.cards().values(), key=lambda card: (card.modality, card.amount))
    return render(request, "portal/pricing.html", {"cards": cards, "nav": "pricing"})


@require_GET
def docs(request: HttpRequest) -> HttpResponse:
    codes = [(code, status, title, again) for code, (status, title, again) in CODES.items()]
    return render(request, "portal/docs.html", {"nav": "docs", "codes": codes, "origin": settings.ENV.public_url})
