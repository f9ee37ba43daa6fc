"""The addresses of models of one's own."""

from __future__ import annotations

from django.urls import path

from marketplace.portal.views import access, deployments, own

urlpatterns = [
    path("provider/models/", own.models, name="own-models"),
    path("provider/models/new/", own.new, name="new-own-model"),
    path("provider/models/<str:name>/", own.model, name="own-model"),
    path("provider/models/<str:name>/v/<int:number>/", own.report, name="own-report"),
    path("provider/models/<str:name>/deployment/", deployments.page, name="own-deployment"),
    path("provider/models/<str:name>/deployment/<slug:action>/", deployments.change, name="change-deployment"),
    path("provider/models/<str:name>/access/", access.page, name="own-access"),
    path("provider/models/<str:name>/access/set/", access.set_access, name="set-access"),
    path("provider/models/<str:name>/access/<int:request_id>/<slug:action>/", access.decide, name="decide-access"),
    path("provider/models/<str:name>/<slug:action>/", own.change, name="change-own-model"),
    path("staff/publications/", own.publications, name="staff-publications"),
]
