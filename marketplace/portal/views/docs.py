"""The documentation: chapters, the errors table, the API reference."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from kernel.problems import CODES
from marketplace.listings import playground
from marketplace.portal import docs, guide


@require_GET
def page(request: HttpRequest, slug: str = "quickstart") -> HttpResponse:
    """One chapter; codes come from the table that the API itself answers by."""
    if slug not in docs.PAGES:
        raise Http404
    env, lang = settings.ENV, guide.language()
    codes = render_to_string("docs/_codes.html", {
        "codes": [(code, status, title, again) for code, (status, title, again) in CODES.items()]})
    text = guide.page(slug, lang, {
        "origin": env.public_url, "grpc": f"{env.host}:{env.grpc_port}", "codes": codes,
        "key": playground.code_key(request.user) or "tsr_live_…"})
    return render(request, "docs/page.html", {
        "nav": "docs", "slug": slug, "groups": docs.groups(), "title": guide.title(slug, lang), "text": text})


@require_GET
def reference(request: HttpRequest) -> HttpResponse:
    """All operations of the API on one page."""
    return render(request, "docs/reference.html", {
        "nav": "docs", "slug": "api", "groups": docs.groups(), "tags": docs.tags()})


@require_GET
def operation(request: HttpRequest, name: str) -> HttpResponse:
    found = docs.operations().get(name)
    if found is None:
        raise Http404
    return render(request, "docs/operation.html", {
        "nav": "docs", "slug": name, "groups": docs.groups(), "op": found,
        "group": docs.tag_title(found.tag), "origin": settings.ENV.public_url,
        "key": playground.code_key(request.user) or ""})
