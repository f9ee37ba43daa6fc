"""Who asks: ports to the packages above, which know members, roles and keys. config/wiring.py fills them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kernel.problems import Problem


@dataclass(frozen=True, slots=True)
class Caller:
    """The organization that a request speaks for, and who speaks."""

    org_id: int
    slug: str
    actor: Any  # the member or key; None is the platform
    by: str  # "user:5" or "key:7"


Authority = Callable[[Any, str], Caller]  # (request, permission) → caller; raises Problem

_authority: list[Authority] = []
_membership: list[Callable[[int, Any], bool]] = []


def use_authority(authority: Authority, membership: Callable[[int, Any], bool]) -> None:
    """`authority` checks a request's permission; `membership` says whether a person belongs to an organization."""
    _authority[:], _membership[:] = [authority], [membership]


def caller(request: Any, permission: str) -> Caller:
    """Raises Problem invalid_api_key, insufficient_scope or permission_denied."""
    if not _authority:
        raise RuntimeError("no authority is registered: config/wiring.py calls use_authority")
    return _authority[0](request, permission)


def staff(request: Any) -> Any:
    """The member of staff behind a request; everybody else finds nothing."""
    user = request.user
    if not (getattr(user, "is_authenticated", False) and getattr(user, "is_staff", False) and user.is_active):
        raise Problem("not_found", "there is nothing here")
    return user


def is_member(org_id: int, user: Any) -> bool:
    return bool(_membership and _membership[0](org_id, user))
