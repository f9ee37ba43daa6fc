"""Who asks: the organization of a signed-in person, and what their role may do."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest

from billing import selectors as money
from kernel.problems import Problem
from marketplace.accounts import selectors as accounts
from marketplace.accounts.selectors import Organization


def organization(request: HttpRequest, permission: str = "") -> Organization:
    """The person's organization; Problem permission_denied where the role lacks the permission asked for."""
    org = accounts.organization_of(request.user)  # type: ignore[arg-type]
    if org is None:
        raise Http404
    if permission:
        accounts.authorize(org, request.user, permission)  # type: ignore[arg-type]
    return org


def allowed(request: HttpRequest, org: Organization, permission: str) -> bool:
    """Whether the person may do this: what a page offers and what it leaves out."""
    try:
        accounts.authorize(org, request.user, permission)  # type: ignore[arg-type]
    except Problem:
        return False
    return True


def spend(org: Any) -> money.Spend | None:
    """The month so far; None before billing has opened the organization's account."""
    try:
        return money.spend_this_month(org.pk)
    except Problem:
        return None
