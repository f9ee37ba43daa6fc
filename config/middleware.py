"""What every request carries: an id that finds it in the logs, and the organization it speaks for."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from kernel.ids import uuid7
from marketplace.accounts import selectors


class RequestId:
    """Sets `request.request_id` and answers it as X-Request-Id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = f"req_{uuid7().hex}"  # type: ignore[attr-defined]
        response = self._get_response(request)
        response.headers.setdefault("X-Request-Id", request.request_id)  # type: ignore[attr-defined]
        return response


class OrganizationOfSession:
    """Sets `request.organization_id` for a signed-in member; a key's authentication sets it for programs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.organization_id = None  # type: ignore[attr-defined]
        if request.user.is_authenticated:
            organization = selectors.organization_of(request.user)
            request.organization_id = organization.pk if organization else None  # type: ignore[attr-defined]
        return self._get_response(request)
