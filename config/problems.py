"""How Django answers a failure: every one is a problem document with a code, never HTML for a program."""

from __future__ import annotations

import errno
import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from config.idempotency import Replayed
from kernel.problems import FieldError, Problem

log = logging.getLogger(__name__)
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
CONTENT_TYPE = "application/problem+json"


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | HttpResponse:
    """DRF's hook: any exception as a problem; what nobody expected is logged and answered as internal_error. An answer
    that is given again comes this way too."""
    set_rollback()
    if isinstance(error, Replayed):
        return error.response
    problem = as_problem(error)
    if problem.status >= 500:
        log.error("unexpected failure", exc_info=error)
    request = context["request"]
    request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type  # never as CSV
    return Response(
        problem.document(getattr(request, "request_id", "")), status=problem.status, headers=problem.headers,
        content_type=CONTENT_TYPE,
    )


def as_problem(error: Exception) -> Problem:
    """The problem behind an exception of ours, of DRF or of Django."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Http404 | exceptions.NotFound):
        return Problem("not_found", "there is no such thing here")
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return Problem("invalid_api_key", "send a valid API key as X-API-Key or Authorization: Bearer")
    if isinstance(error, PermissionDenied | exceptions.PermissionDenied):
        return Problem("permission_denied", str(getattr(error, "detail", "")))
    if isinstance(error, RequestDataTooBig):
        return Problem("payload_too_large", "the body is larger than this call takes; larger content goes to /files")
    if isinstance(error, exceptions.ParseError):
        return Problem("malformed_json", str(error.detail))
    if isinstance(error, exceptions.ValidationError):
        return Problem("validation_error", "the request has faults", errors=tuple(_field_errors(error.detail, "")))
    if isinstance(error, exceptions.UnsupportedMediaType):
        return Problem("unsupported_media_type", str(error.detail))
    if isinstance(error, exceptions.MethodNotAllowed):
        return Problem("method_not_allowed", str(error.detail))
    if isinstance(error, exceptions.Throttled):
        return Problem("rate_limited", headers={"Retry-After": str(int(error.wait or 1))})
    if isinstance(error, OperationalError | InterfaceError):
        return Problem("overloaded", "the database can't be reached at the moment", headers={"Retry-After": "1"})
    if isinstance(error, OSError) and error.errno in FULL:
        return Problem("overloaded", "there is no room to keep this at the moment", headers={"Retry-After": "5"})
    return Problem("internal_error", "something went wrong on our side; the request id finds it in our logs")


def _field_errors(detail: Any, pointer: str) -> list[FieldError]:
    if isinstance(detail, dict):
        return [found for name, inner in detail.items() for found in _field_errors(inner, f"{pointer}/{name}")]
    if isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        return [found for index, item in enumerate(detail) for found in _field_errors(item, f"{pointer}/{index}")]
    items = detail if isinstance(detail, list) else [detail]
    return [FieldError(pointer or "/", str(item), getattr(item, "code", "invalid")) for item in items]


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, Problem("not_found", "there is no such page"), "404.html")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, Problem("permission_denied"), "403.html")


def server_error(request: HttpRequest) -> HttpResponse:
    return _page(request, Problem("internal_error"), "500.html")


def _page(request: HttpRequest, problem: Problem, template: str) -> HttpResponse:
    if request.path.startswith(("/api/", "/v1/", "/v2/", "/healthz")):
        document = problem.document(getattr(request, "request_id", ""))
        return JsonResponse(document, status=problem.status, content_type=CONTENT_TYPE)
    return render(request, template, status=problem.status)
