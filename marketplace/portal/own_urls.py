"""The addresses of models of one's own."""

from __future__ import annotations

from django.urls import path

from marketplace.portal.views import deployments, own

urlpatterns = [
    path("provider/models/", own.models, name="own-models"),
    path("provider/models/new/", own.new, name="new-own-model"),
    path("provider/models/<str:name>/", own.model, name="own-model"),
    path("provider/models/<str:name>/v/<int:number>/", own.report, name="own-report"),
    path("provider/models/<str:name>/deployment/", deployments.page, name="own-deployment"),
    path("provider/models/<str:name>/deployment/<slug:action>/", deployments.change, name="change-deployment"),
    path("provider/models/<str:name>/<slug:action>/", own.change, name="change-own-model"),
    path("staff/publications/", own.publications, name="staff-publications"),
]
