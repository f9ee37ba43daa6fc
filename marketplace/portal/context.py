"""What every page needs: theme, language, and the organization of the person."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from marketplace.accounts import selectors as accounts
from marketplace.portal import notices


def portal(request: HttpRequest) -> dict[str, Any]:
    """The organization is read only where a template asks for it, so that public and error pages need no database."""
    theme = request.COOKIES.get("theme", "light")
    user = getattr(request, "user", None)
    def unread() -> int:
        org = accounts.organization_of(user) if user and user.is_authenticated else None
        return notices.unread(request, org) if org is not None and hasattr(request, "session") else 0

    return {
        "unread": SimpleLazyObject(unread),
        "theme": theme if theme in ("light", "dark") else "light",
        "zh": (get_language() or "en").startswith("zh"),
        "organizations": SimpleLazyObject(
            lambda: list(accounts.organizations_of(user)) if user and user.is_authenticated else []),
        "org": SimpleLazyObject(lambda: accounts.organization_of(user) if user and user.is_authenticated else None),
    }
