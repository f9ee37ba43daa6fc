"""The list behind the bell."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from marketplace.portal import notices
from marketplace.portal.views import member


@login_required
@never_cache
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Opening it marks everything as seen; what is new is marked in the list."""
    found = notices.notices(request, member.organization(request))
    before = notices.look(request, found)
    rows = [(notice, notice.at.isoformat() > before) for notice in found]
    part = request.headers.get("HX-Request")
    return render(request, "console/_notices.html" if part else "console/notices.html", {
        "nav": "notices", "rows": rows})
