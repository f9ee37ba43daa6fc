"""For operators: what is in the pool's memory, why, and what it costs. Everybody else finds nothing here."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from redis.exceptions import RedisError

from inference_backend.pools import PoolDesk
from marketplace.accounts import audit
from marketplace.accounts import selectors as accounts

View = Callable[..., HttpResponse]
ACTIONS = ("pin", "unpin", "evict", "release")


def staff_only(view: View) -> View:
    """A stranger, signed in or not, gets the answer of an address that does not exist."""
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not (request.user.is_authenticated and request.user.is_active and request.user.is_staff):
            raise Http404
        return view(request, *args, **kwargs)
    return guarded


@cache
def desk() -> PoolDesk:
    env = settings.ENV
    return PoolDesk(env.redis_url, env.triton_grpc_url, budget_mb=env.pool_memory_mb)


@never_cache
@staff_only
@require_GET
def pools(request: HttpRequest) -> HttpResponse:
    try:
        seen = desk().overview()
    except RedisError:
        return render(request, "portal/staff/pools.html", {"nav": "pools", "seen": None}, status=503)
    share = min(100, round(100 * seen.used_mb / seen.budget_mb)) if seen.budget_mb else 0
    return render(request, "portal/staff/pools.html", {
        "nav": "pools", "seen": seen, "share": share, "states": _states(), "reasons": _reasons(),
        "rows": [(row, _states()[row.state], _reasons()[row.why]) for row in seen.rows]})


@never_cache
@staff_only
@require_POST
def change_pool(request: HttpRequest, model: str, action: str) -> HttpResponse:
    if action not in ACTIONS:
        raise Http404
    org = accounts.organization_of(request.user)
    if org is None:
        raise Http404  # an act that no audit trail could hold
    try:
        known = {row.model: row for row in desk().overview().rows}
        if model not in known:
            raise Http404
        with transaction.atomic():
            audit.record(org=org, actor=request.user, action=f"pool.{action}", target=model[:120],
                         ip=request.META.get("REMOTE_ADDR"),
                         before={"state": known[model].state, "why": known[model].why})
            getattr(desk(), action)(model, by=f"staff:{request.user.pk}")
    except RedisError:
        messages.error(request, _("The pool can't be reached at the moment."))
        return redirect("staff-pools")
    words = {"pin": _("%(model)s stays in memory."), "unpin": _("%(model)s may leave when room is needed."),
             "evict": _("%(model)s leaves as soon as no call needs it."), "release": _("%(model)s serves again.")}
    messages.success(request, words[action] % {"model": model})
    return redirect("staff-pools")


def _states() -> dict[str, str]:
    return {"ready": _("Resident"), "loading": _("Loading"), "reserved": _("Waiting for room"),
            "healing": _("Restarting"), "evicting": _("Leaving"), "absent": _("Not loaded")}


def _reasons() -> dict[str, str]:
    return {"pin": _("Pinned by staff"), "policy": _("Pinned by policy"), "demand": _("Demand"),
            "recent": _("Recently used")}
