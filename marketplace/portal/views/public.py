"""Pages that need no account: home, catalogue, industries, providers, comparison, pricing, palette."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET

from kernel.problems import Problem
from marketplace.listings import selectors as listings
from marketplace.portal import docs, field_words, labels, shelf
from marketplace.portal.playground import configuration
from model_registry import fetching

SHOWN_FIRST = ("face-detect", "pii-redact", "forecast-auto", "voice-activity", "tabular-anomaly", "vehicle-routing")
PAGE = 24
COMPARED = range(2, 6)


@require_GET
@ensure_csrf_cookie
def home(request: HttpRequest) -> HttpResponse:
    page = listings.catalogue(limit=6)
    answering = page.total - len(fetching.to_fetch())  # what must be fetched from a hub first is no promise
    first = shelf.cards(listings.by_names(SHOWN_FIRST)) or shelf.cards(page.items)
    demo = next((card for card in first if card.output == "boxes" and (card.model.example or {}).get("output")), None)
    counts = {name: sum(1 for value in values if value.count) for name, values in page.facets.items()}
    figures = [
        {"value": answering, "words": _("models ready to be called")},
        {"value": counts["task"], "words": _("tasks that they do")},
        {"value": counts["industry"], "words": _("industries")},
        {"value": 4, "words": _("ways to call: REST, gRPC, Open Inference Protocol, OpenAI")},
    ]
    return render(request, "portal/home.html", {
        "nav": "home", "count": answering, "total": page.total, "featured": first[:6], "demo": demo, "figures": figures,
        "modalities": labels.facet_items("modality", page.facets["modality"]),
        "collections": [{"slug": row.slug, "label": labels.facet("industry", row.slug), "size": row.size}
                        for row in listings.collections()],
        "config": configuration(request.user, demo, static=True) if demo else None,
    })


@require_GET
def catalogue(request: HttpRequest, collection: str = "") -> HttpResponse:
    """The shelf, narrowed by facets that live in the address; htmx asks for parts of the same page."""
    query = request.GET.get("q", "")[:100]
    chosen = {f.name: tuple(request.GET.getlist(f.name)) for f in fields(listings.Filters)}
    if collection:
        if collection not in labels.INDUSTRIES:
            raise Http404
        chosen["collection"] = (collection,)
    sort = request.GET.get("sort", "")
    page = listings.catalogue(query=query, filters=listings.Filters(**chosen), limit=PAGE,
                              sort=sort if sort in labels.SORTS else "", cursor=request.GET.get("cursor") or None)
    context = {
        "cards": shelf.cards(page.items), "more": _with(request, cursor=page.next_cursor) if page.has_more else "",
    }
    if request.headers.get("X-Part") == "cards":
        return render(request, "portal/_cards.html", context)
    context |= {
        "nav": "models", "query": query, "sort": sort, "sorts": labels.SORTS.items(), "total": page.total,
        "count": page.total if not query and not any(chosen.values()) else listings.on_shelf().count(),
        "facets": _facets(page), "chosen": _chosen(request, chosen, collection),
        "collection": labels.facet("industry", collection) if collection else "",
    }
    part = request.headers.get("HX-Target") == "results"
    return render(request, "portal/_results.html" if part else "portal/catalogue.html", context)


def _facets(page: listings.Page) -> list[dict[str, Any]]:
    """Facets that can narrow anything, the first values in sight and the rest behind a fold."""
    found = []
    for key, title in labels.FACETS.items():
        items = labels.facet_items(key, page.facets[key])
        if len(items) > 1 or any(item["on"] for item in items):
            found.append({"key": key, "title": title, "items": items[:7], "more": items[7:],
                          "open": any(item["on"] for item in items[7:])})
    return found


def _chosen(request: HttpRequest, chosen: dict[str, tuple[str, ...]], collection: str) -> list[dict[str, str]]:
    """The filters that are set, each with the address of the page without it."""
    found = []
    for kind, values in chosen.items():
        for value in values:
            if kind == "collection" and value == collection:
                continue
            rest = request.GET.copy()
            rest.pop("cursor", None)
            rest.setlist(kind, [other for other in values if other != value])
            found.append({"label": labels.facet(kind, value), "without": _address(request, rest)})
    return found


def _address(request: HttpRequest, query: QueryDict) -> str:
    return f"{request.path}?{query.urlencode()}" if query else request.path


def _with(request: HttpRequest, **values: str | None) -> str:
    query = request.GET.copy()
    for name, value in values.items():
        query[name] = value or ""
    return _address(request, query)


@require_GET
def collections(request: HttpRequest) -> HttpResponse:
    rows = []
    for row in listings.collections():
        page = listings.catalogue(filters=listings.Filters(collection=(row.slug,)), limit=3, facets=False)
        rows.append({"slug": row.slug, "label": labels.facet("industry", row.slug), "size": row.size,
                     "cards": shelf.cards(page.items)})
    return render(request, "portal/collections.html", {"nav": "models", "collections": rows})


@require_GET
def provider(request: HttpRequest, slug: str) -> HttpResponse:
    page = listings.catalogue(filters=listings.Filters(provider=(slug,)), limit=PAGE, facets=False)
    if not page.items:
        raise Http404
    cards = shelf.cards(page.items)
    more = f"{reverse('catalogue')}?provider={slug}" if page.has_more else ""
    return render(request, "portal/provider.html", {
        "nav": "models", "provider": cards[0].provider, "cards": cards, "total": page.total, "more": more})


@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """Two to five models side by side; which ones is told by the address."""
    names = list(dict.fromkeys(request.GET.getlist("m")))[:COMPARED.stop - 1]
    cards = shelf.cards(listings.by_names(names))
    names = [card.name for card in cards]
    columns = [{"name": c.name, "title": c.title, "palette": c.palette, "output": c.output,
                "without": _compared([n for n in names if n != c.name]) if len(names) > COMPARED.start else ""}
               for c in cards]
    peers: list[dict[str, str]] = []
    if 0 < len(cards) < COMPARED.stop - 1:
        near = listings.catalogue(filters=listings.Filters(task=tuple({c.model.task for c in cards})), limit=12,
                                  facets=False)
        peers = [{"title": peer.title, "with": _compared([*names, peer.name])}
                 for peer in shelf.cards(near.items) if peer.name not in names]
    return render(request, "portal/compare.html", {
        "nav": "models", "cards": columns, "rows": _rows(cards), "peers": peers,
        "trial": f"{reverse('trials')}?{urlencode([('m', name) for name in names])}"
        if len({card.model.task for card in cards}) == 1 else ""})


def _compared(names: list[str]) -> str:
    return f"{reverse('compare')}?{urlencode([('m', name) for name in names])}"


def _rows(cards: list[shelf.Card]) -> list[dict[str, Any]]:
    from marketplace.portal.templatetags.portal import money, thousands

    def kinds(card: shelf.Card) -> str:
        title = field_words.title
        return ", ".join(f"{title(name)} ({title(spec['kind'])})"
                         for name, spec in card.manifest.get("input", {}).items())

    def told(card: shelf.Card, part: str) -> str:
        return str(card.manifest.get("card", {}).get(part, "")) or "—"

    def measured(card: shelf.Card) -> str | None:
        return "; ".join(f"{x['name']}: {x['value']} ({x['data']})" for x in card.manifest["card"]["metrics"]) or None

    table: list[tuple[str, Any, bool]] = [
        (_("Price"), lambda c: f"{money(c.amount, c.currency)} / {labels.unit(c.unit)}", True),
        (_("Free each month"), lambda c: thousands(c.free), True),
        (_("Price of 10,000 units"), lambda c: money(max(0, 10_000 - c.free) * Decimal(c.amount), c.currency), True),
        (_("Median time of a call"), lambda c: c.p50 or None, True),
        (_("Task"), lambda c: c.task, False), (_("Input"), kinds, False),
        (_("Output"), lambda c: field_words.title(c.output), False),
        (_("Readiness"), lambda c: c.readiness, False), (_("Measured"), measured, False),
        (_("Evidence"), lambda c: c.evidence, False), (_("Source"), lambda c: c.source, False),
        (_("Licence of the code"), lambda c: c.model.license_code, False),
        (_("Licence of the weights"), lambda c: c.model.license_weights, False),
        (_("Provider"), lambda c: c.provider, False), (_("Use"), lambda c: told(c, "use"), False),
        (_("Limits"), lambda c: told(c, "limits"), False),
    ]
    rows = []
    for label, read, numeric in table:
        cells = [read(card) for card in cards]
        rows.append({"label": label, "cells": cells, "numeric": numeric, "differs": len(set(cells)) > 1})
    return rows


@require_GET
def palette(request: HttpRequest) -> HttpResponse:
    """What ⌘K finds: pages, chapters of the documentation, models."""
    query = request.GET.get("q", "").strip()[:100]
    page, doc = _("Page"), _("Documentation")
    known = [
        (_("Models"), "catalogue", "boxes"), (_("Industries"), "collections", "layers"),
        (_("Pricing"), "pricing", "credit-card"), (_("Docs"), "docs", "book-open"), (_("Status"), "status", "activity"),
        (_("Console"), "console", "layout-grid"), (_("API keys"), "keys", "key-round"),
        (_("Usage"), "console-usage", "chart-column"), (_("Billing"), "billing", "receipt-text"),
        (_("Subscriptions"), "subscriptions", "boxes"), (_("Jobs"), "jobs", "list-checks"),
        (_("Webhooks"), "webhooks", "webhook"), (_("Team"), "team", "users"), (_("Audit log"), "audit", "scroll-text"),
        (_("Settings"), "settings", "settings"), (_("Compare"), "compare", "columns-3"),
        (_("Earnings"), "earnings", "chart-line"), (_("Compare on your data"), "trials", "columns-3"),
        (_("My models"), "own-models", "boxes"), (_("Bring a model"), "new-own-model", "upload"),
        (_("Notifications"), "notices", "bell"), (_("Organization"), "organization-security", "shield-check"),
        (_("Your security"), "security", "key-round"), (_("API reference"), "docs-api", "file-text"),
    ]
    if request.user.is_staff:
        known += [(_("Administration"), "admin:index", "server"), (_("Pools"), "staff-pools", "boxes"),
                  (_("Publications"), "staff-publications", "scroll-text")]
    pages = [{"title": title, "url": reverse(name), "icon": icon, "kind": page} for title, name, icon in known]
    pages += [{"title": chapter.title, "url": chapter.url, "icon": "file-text", "kind": doc}
              for chapter in docs.chapters()]
    lower = query.lower()
    # Addresses are English: its words find a page in Chinese, too.
    found = [one for one in pages if all(word in f"{one['title']} {one['url']}".lower() for word in lower.split())]
    cards = shelf.cards(listings.catalogue(query=query, limit=8, facets=False).items)
    return render(request, "portal/_palette.html", {
        "pages": found[:8] if query else found[:6], "cards": cards if query else cards[:4], "query": query})


@require_GET
def pricing(request: HttpRequest) -> HttpResponse:
    """Every price in force, and what a month would cost: units and models are chosen in the address."""
    everything = listings.catalogue(limit=2000, facets=False)
    cards = sorted(shelf.cards(everything.items), key=lambda card: (card.modality, card.amount, card.name))
    groups: dict[str, list[shelf.Card]] = {}
    for card in cards:
        groups.setdefault(labels.facet("modality", card.modality), []).append(card)
    raw = request.GET.get("units", "10000")
    units = min(int(raw), 10**9) if raw.isdecimal() else 10_000
    picked = next((card for card in cards if card.name == request.GET.get("model")), cards[0] if cards else None)
    billed = max(0, units - picked.free) if picked else 0
    return render(request, "portal/pricing.html", {
        "nav": "pricing", "groups": groups.items(), "cards": sorted(cards, key=lambda card: card.title),
        "picked": picked, "units": units, "billed": billed,
        "estimate": billed * picked.amount if picked else Decimal(0)})


def find_card(name: str) -> shelf.Card:
    """A capability of the shelf, or Http404."""
    try:
        return shelf.card(name)
    except Problem as problem:
        raise Http404(problem.detail) from None


