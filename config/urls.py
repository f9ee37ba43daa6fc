"""Every address that Django answers. The hot paths (/v1, /v2 and predictions with a key) never reach it."""

from __future__ import annotations

from datetime import timedelta
from importlib.util import find_spec
from urllib.parse import urlsplit

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView

from billing.receipts_api import receipt_keys
from kernel import clock

handler403 = "config.problems.permission_denied"
handler404 = "config.problems.not_found"
handler500 = "config.problems.server_error"

API = ["model_registry.hub_api", "model_registry.api", "marketplace.listings.api", "marketplace.accounts.api",
       "marketplace.accounts.teams_api",
       "billing.api", "inference_backend.jobs.api", "inference_backend.jobs.files_api",
       "inference_backend.jobs.images_api"]


def healthz(request: HttpRequest) -> HttpResponse:
    """Alive; says nothing about the database on purpose: a probe must not take the site down with it."""
    return JsonResponse({"status": "ok"})


def security_txt(request: HttpRequest) -> HttpResponse:
    """Whom to tell of a hole (RFC 9116)."""
    home = settings.ENV.public_url
    host = urlsplit(home).hostname or "localhost"
    expires = (clock.now() + timedelta(days=365)).strftime("%Y-%m-%dT00:00:00Z")
    lines = [f"Contact: mailto:security@{host}", f"Expires: {expires}", "Preferred-Languages: en, zh",
             f"Canonical: {home}/.well-known/security.txt", f"Policy: {home}/docs/"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


# One door for everybody: staff, too, show their second factor.
admin.autodiscover()
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("healthz", healthz),
    path(".well-known/security.txt", security_txt),
    path("account/", include("marketplace.accounts.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path(".well-known/openapi.json", SpectacularJSONAPIView.as_view()),
    path(".well-known/tessera-receipt-keys.json", receipt_keys),
    path("docs/api/explorer/", SpectacularSwaggerView.as_view(url_name="openapi"), name="api-explorer"),
    *[path("api/v1/", include(module)) for module in API if find_spec(module)],
    *([path("", include("marketplace.portal.urls"))] if find_spec("marketplace.portal.urls") else []),
]
