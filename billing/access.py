"""Whom a request speaks for, and how it says numbers."""

from __future__ import annotations

from rest_framework.request import Request

from kernel.problems import FieldError, Problem


def organization_of(request: Request) -> int:
    """The organization that this request speaks for, as the layer above resolved it."""
    found = getattr(request.auth, "org_id", None) or getattr(request._request, "organization_id", None)
    if found is None:
        raise Problem("permission_denied", "this caller has no organization")
    return int(found)


def caller_of(request: Request) -> int:
    """`organization_of`, for callers who may see money: members, and keys with the scope billing."""
    scopes = getattr(request.auth, "scopes", None)
    if scopes is not None and "billing" not in scopes:
        raise Problem("insufficient_scope", "this key does not have the scope billing")
    return organization_of(request)


def integer(request: Request, name: str) -> int | None:
    """A whole number of the query; None where it is absent."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise invalid(name, "a whole number")
    return int(text)


def invalid(name: str, detail: str) -> Problem:
    return Problem("invalid_request", f"{name}: {detail}", errors=[FieldError(f"/{name}", detail)])
