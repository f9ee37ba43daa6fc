"""Headers that keep htmx fragments out of the browser's page cache."""

from __future__ import annotations

from collections.abc import Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers


class FragmentHeaders:
    """Pages and fragments share addresses; without these headers Back would show a bare fragment."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if iscoroutinefunction(self.get_response):
            return self._later(request)  # type: ignore[return-value]
        return _marked(request, self.get_response(request))

    async def _later(self, request: HttpRequest) -> HttpResponse:
        return _marked(request, await self.get_response(request))  # type: ignore[misc]


def _marked(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ["HX-Request", "Cookie"])
    if request.headers.get("HX-Request"):
        response["Cache-Control"] = "no-store"
    return response
