"""The documentation: chapters, the errors table, the API reference."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from kernel.problems import CODES
from marketplace.listings import playground
from marketplace.portal import docs

PAGES = ("quickstart", "authentication", "errors", "limits", "guides", "jobs", "webhooks", "billing", "sdk", "grpc",
         "specification", "changelog")


@require_GET
def page(request: HttpRequest, slug: str = "quickstart") -> HttpResponse:
    """One chapter; codes come from the table that the API itself answers by."""
    if slug not in PAGES:
        raise Http404
    env = settings.ENV
    return render(request, f"docs/{slug}.html", {
        "nav": "docs", "slug": slug, "groups": docs.groups(), "origin": env.public_url,
        "grpc": f"{env.host}:{env.grpc_port}", "key": playground.code_key(request.user) or "",
        "codes": [(code, status, title, again) for code, (status, title, again) in CODES.items()],
    })


@require_GET
def reference(request: HttpRequest) -> HttpResponse:
    """All operations of the API on one page."""
    return render(request, "docs/reference.html", {
        "nav": "docs", "slug": "api", "groups": docs.groups(), "operations": docs.operations().values()})


@require_GET
def operation(request: HttpRequest, name: str) -> HttpResponse:
    found = docs.operations().get(name)
    if found is None:
        raise Http404
    return render(request, "docs/operation.html", {
        "nav": "docs", "slug": name, "groups": docs.groups(), "op": found, "origin": settings.ENV.public_url,
        "key": playground.code_key(request.user) or ""})
