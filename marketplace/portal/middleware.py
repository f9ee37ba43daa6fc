"""What the portal does around its views: the status page, failures as pages, headers of fragments."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.text import compress_string

from kernel import clock
from kernel.problems import Problem
from marketplace.portal import status

Next = Callable[[HttpRequest], HttpResponse]
OWN_PAGES = {403, 404, 429}
PROGRAMS = ("/api/", "/v1/", "/v2/", "/healthz")
WORTH_PACKING = 1024  # bytes
RANDOM_BYTES = 100  # in the length of a packed page, so that it tells nothing of a secret inside (BREACH)


class StatusPage:
    """Answers /status/ before anything asks for a session, so that it renders while the database is down."""

    def __init__(self, get_response: Next) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path != "/status/":
            return self._get_response(request)
        with translation.override(translation.get_language_from_request(request)):
            parts = status.parts()
            response = render(request, "portal/status.html", {
                "nav": "status", "parts": parts, "good": all(part.up for part in parts), "at": clock.now()})
        response.headers["Cache-Control"] = "no-store"
        return response


class PortalPages:
    """A Problem that a view lets go becomes a page of the house; fragments never stay in the browser's cache; pages
    travel packed.

    Pages and fragments share addresses; without these headers Back would show a bare fragment.
    """

    def __init__(self, get_response: Next) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        patch_vary_headers(response, ["HX-Request", "Cookie"])
        if request.headers.get("HX-Request"):
            response["Cache-Control"] = "no-store"
        _pack(request, response)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Django's hook; None leaves everything else to Django."""
        if not isinstance(error, Problem) or request.path.startswith(PROGRAMS):
            return None
        template = f"{error.status}.html" if error.status in OWN_PAGES else "problem.html"
        return render(request, template, {"problem": error, "status": error.status}, status=error.status)


def _pack(request: HttpRequest, response: HttpResponse) -> None:
    """Packs a page by gzip where the browser takes it. Streams and programs' answers stay as they are."""
    if response.streaming or response.has_header("Content-Encoding") or len(response.content) < WORTH_PACKING:
        return
    if not response.headers.get("Content-Type", "").startswith("text/html"):
        return
    patch_vary_headers(response, ["Accept-Encoding"])
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.content = compress_string(response.content, max_random_bytes=RANDOM_BYTES)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(response.content))
