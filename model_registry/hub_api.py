"""Fetching a hub's model over HTTP, for the house's staff; everybody else finds nothing here."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.problems import Problem
from model_registry import fetching


class Fetch(APIView):
    """`POST` asks for a fetch (202), `GET` tells how far it is."""

    permission_classes = [IsAuthenticated]

    @extend_schema(exclude=True)
    def get(self, request: Request, model: str) -> Response:
        _staff(request)
        return Response(document(model))

    @extend_schema(exclude=True)
    def post(self, request: Request, model: str) -> Response:
        user = _staff(request)
        fetching.model_of(model)
        fetching.request_fetch(name=model, by=f"staff:{user.pk}")
        return Response(document(model), status=202, headers={"Location": f"/api/v1/models/{model}/fetch"})


def document(name: str) -> dict[str, Any]:
    """The progress as the API gives it."""
    found = fetching.model_of(name)
    now = fetching.progress(name)
    told = {key: value for key, value in asdict(now).items() if key not in ("code", "detail")}
    problem = {"code": now.code, "detail": now.detail} if now.code else None
    return {**told, "percent": now.percent, "callable": fetching.is_fetched(found), "stalled": now.stale
            and now.state in ("queued", "running"), "problem": problem}


def _staff(request: Request) -> Any:
    user = request.user
    if not (getattr(user, "is_staff", False) and getattr(user, "is_active", False)):
        raise Problem("not_found", "there is nothing here")
    return user


urlpatterns = [path("models/<str:model>/fetch", Fetch.as_view())]
