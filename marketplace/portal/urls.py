"""The portal's addresses. /status/ is answered by the middleware, before anything needs the database."""

from __future__ import annotations

from django.urls import path

from marketplace.portal.views import (
    billing,
    console,
    docs,
    entry,
    jobs,
    keys,
    model,
    public,
    team,
    usage,
    webhooks,
)

urlpatterns = [
    path("", public.home, name="home"),
    path("models/", public.catalogue, name="catalogue"),
    path("models/<str:name>/", model.model, name="model"),
    path("models/<str:name>/v/<int:number>/", model.version, name="version"),
    path("models/<str:name>/sample/<str:file>", model.sample, name="sample"),
    path("models/<str:name>/example/<str:file>", model.medium, name="medium"),
    path("models/<str:name>/subscribe/", console.subscribe, name="subscribe"),
    path("collections/", public.collections, name="collections"),
    path("collections/<slug:collection>/", public.catalogue, name="collection"),
    path("compare/", public.compare, name="compare"),
    path("providers/<slug:slug>/", public.provider, name="provider"),
    path("search/", public.palette, name="palette"),
    path("pricing/", public.pricing, name="pricing"),
    path("status/", public.catalogue, name="status"),  # never reached: see the middleware
    path("docs/", docs.page, name="docs"),
    path("docs/api/", docs.reference, name="docs-api"),
    path("docs/api/<slug:name>/", docs.operation, name="docs-operation"),
    path("docs/<slug:slug>/", docs.page, name="docs-page"),
    path("signup/", entry.sign_up, name="signup"),
    path("login/", entry.log_in, name="login"),
    path("logout/", entry.log_out, name="logout"),
    path("invite/<str:token>/", team.invitation, name="invitation"),
    path("console/", console.overview, name="console"),
    path("console/keys/", keys.keys, name="keys"),
    path("console/keys/<int:key_id>/<str:action>/", keys.change, name="change-key"),
    path("console/usage/", usage.usage, name="usage"),
    path("console/billing/", billing.overview, name="billing"),
    path("console/billing/limit/", billing.set_limit, name="set-limit"),
    path("console/billing/invoices/<str:number>/", billing.invoice, name="invoice"),
    path("console/subscriptions/", console.subscriptions, name="subscriptions"),
    path("console/subscriptions/<str:name>/end/", console.unsubscribe, name="unsubscribe"),
    path("console/jobs/", jobs.jobs, name="jobs"),
    path("console/predictions/<str:job_id>/", jobs.job, name="job"),
    path("console/predictions/<str:job_id>/<str:action>/", jobs.change, name="change-job"),
    path("console/webhooks/", webhooks.page, name="webhooks"),
    path("console/webhooks/rotate/", webhooks.rotate, name="rotate-webhook-secret"),
    path("console/webhooks/<str:message_id>/resend/", webhooks.resend, name="resend"),
    path("console/team/", team.team, name="team"),
    path("console/team/<int:user_id>/<str:action>/", team.change_member, name="change-member"),
    path("console/audit/", team.audit, name="audit"),
    path("console/settings/", team.settings, name="settings"),
]
