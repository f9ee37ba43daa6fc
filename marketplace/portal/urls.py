"""The portal's addresses."""

from __future__ import annotations

from django.urls import path

from marketplace.portal.views import console, entry, public

urlpatterns = [
    path("", public.home, name="home"),
    path("models/", public.catalogue, name="catalogue"),
    path("models/<str:name>/", public.model, name="model"),
    path("models/<str:name>/sample/<str:file>", public.sample, name="sample"),
    path("models/<str:name>/subscribe/", console.subscribe, name="subscribe"),
    path("search/", public.palette, name="palette"),
    path("pricing/", public.pricing, name="pricing"),
    path("docs/", public.docs, name="docs"),
    path("signup/", entry.sign_up, name="signup"),
    path("login/", entry.log_in, name="login"),
    path("logout/", entry.log_out, name="logout"),
    path("console/", console.overview, name="console"),
    path("console/keys/", console.keys, name="keys"),
    path("console/keys/<int:key_id>/<str:action>/", console.change_key, name="change-key"),
    path("console/usage/", console.usage, name="usage"),
    path("console/billing/", console.billing, name="billing"),
    path("console/jobs/", console.jobs, name="jobs"),
]
