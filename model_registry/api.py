"""Models, their versions and their schemas over HTTP. The list and its search belong to the shelf."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference_backend.jobs.lists import page_of
from kernel.money import major_text
from kernel.paging import whole
from kernel.problems import Problem
from model_registry import deployment_api, own_api, selectors
from model_registry.models import Model, ModelVersion
from model_registry.schemas import schemas

NOT_FOUND = {(404, "application/problem+json"): OpenApiResponse(
    OpenApiTypes.OBJECT, description="A problem: model_not_found or version_not_found")}
NAME = OpenApiParameter("model", str, OpenApiParameter.PATH, description="The model's name, such as face-detect.")


class PriceSerializer(serializers.Serializer):
    """What one unit costs now: 0.0015 is $0.0015 an image."""

    unit = serializers.CharField()
    amount = serializers.CharField(help_text="Decimal text in the currency's unit.")
    currency = serializers.CharField()
    free_per_month = serializers.IntegerField()
    version = serializers.IntegerField()


class QualityFigureSerializer(serializers.Serializer):
    """One measured figure of a model's card."""

    name = serializers.CharField()
    value = serializers.CharField(help_text="With its unit.")
    data = serializers.CharField()
    method = serializers.CharField()


class LatencySerializer(serializers.Serializer):
    """Milliseconds, as the card measured them."""

    p50 = serializers.FloatField()
    p95 = serializers.FloatField()
    runs = serializers.IntegerField()
    cold_start = serializers.FloatField()


class MemorySerializer(serializers.Serializer):
    """Megabytes: what the model added to a bare process, and that process's highest."""

    added = serializers.FloatField()
    peak = serializers.FloatField()


class ModelSummarySerializer(serializers.Serializer):
    """A model as a list shows it."""

    name = serializers.CharField()
    title = serializers.CharField()
    title_zh = serializers.CharField()
    summary = serializers.CharField()
    summary_zh = serializers.CharField()
    task = serializers.CharField()
    modality = serializers.CharField()
    domain = serializers.CharField()
    industry = serializers.ListField(child=serializers.CharField())
    tags = serializers.ListField(child=serializers.CharField())
    model_state = serializers.CharField(help_text="active, deprecated or retired")
    gated = serializers.BooleanField(help_text="Whether its provider decides which organizations may subscribe.")
    source = serializers.CharField(help_text="S1 library, S2 trained here, S3 fetched")
    evidence = serializers.CharField()
    license_code = serializers.CharField()
    license_weights = serializers.CharField()
    callable = serializers.BooleanField(help_text="False: a hub's model that is fetched on demand, and was not yet.")
    quality = QualityFigureSerializer(many=True)
    latency = LatencySerializer(allow_null=True)
    memory = MemorySerializer(allow_null=True)
    price = PriceSerializer()


class ModelDetailSerializer(ModelSummarySerializer):
    """A model with its manifest and its example."""

    manifest = serializers.DictField(help_text="model.yaml; its `pricing` is `price`, in the currency's unit.")
    example = serializers.JSONField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ModelVersionSerializer(serializers.Serializer):
    """One immutable state of a model."""

    version = serializers.IntegerField(source="number")
    label = serializers.CharField()
    version_state = serializers.CharField(source="state",
                                          help_text="uploading, validating, ready, failed or retired")
    digest = serializers.CharField()
    created_at = serializers.DateTimeField()
    artifacts = serializers.SerializerMethodField()
    changelog = serializers.CharField()
    lineage = serializers.DictField()
    sunset_at = serializers.DateTimeField(allow_null=True)
    successor = serializers.IntegerField(allow_null=True)
    stages = serializers.SerializerMethodField()

    def get_stages(self, version: ModelVersion) -> list[dict[str, str]]:
        return [{"state": s["state"], "at": s["at"]} for s in version.stages]

    def get_artifacts(self, version: ModelVersion) -> list[dict[str, str | int]]:
        return [{"name": a.name, "sha256": a.sha256, "size": a.size} for a in version.artifacts.all()]


ModelVersionPageSerializer = page_of(ModelVersionSerializer)


class ModelSchemaSerializer(serializers.Serializer):
    """JSON Schemas of a prediction's parts."""

    input = serializers.DictField()
    parameters = serializers.DictField()
    output = serializers.DictField()


def measured(model: Model) -> dict[str, Any]:
    """What was measured of a model: quality, latency and memory; nothing, where it never was."""
    card = model.manifest.get("card") or {}
    found = card.get("measured")
    return {
        "quality": card.get("metrics") or [],
        "latency": {**found["latency_ms"], "cold_start": found["cold_start_ms"]} if found else None,
        "memory": found["memory_mb"] if found else None,
    }


def summary(model: Model) -> dict[str, Any]:
    """A model as a list shows it."""
    price = selectors.price_value(model)
    return {
        **measured(model),
        **{name: getattr(model, name) for name in (
            "name", "title", "title_zh", "summary", "summary_zh", "task", "domain", "industry", "tags", "source",
            "evidence", "license_code", "license_weights")},
        "modality": selectors.task_words(model.task)[2], "model_state": model.state,
        "callable": selectors.is_callable(model), "gated": selectors.is_gated(model),
        "price": {"unit": price.unit, "amount": major_text(price.amount, price.currency), "currency": price.currency,
                  "free_per_month": price.free_per_month, "version": price.version},
    }


def _org_of(request: Request) -> int | None:
    return getattr(request._request, "organization_id", None)


def _model(request: Request, name: str) -> Model:
    _ = request.user  # a key is looked at when it is asked for, and sets the organization
    return selectors.model(name, org_id=_org_of(request))


class OneModel(own_api.ChangeModel):

    @extend_schema(operation_id="models_retrieve", tags=["models"], summary="Get a model", auth=[], parameters=[NAME],
                   responses={200: ModelDetailSerializer, **NOT_FOUND})
    def get(self, request: Request, model: str) -> Response:
        found = _model(request, model)
        shown = summary(found)
        return Response({**shown, "manifest": {**found.manifest, "pricing": shown["price"]}, "example": found.example,
                         "created_at": found.created_at, "updated_at": found.updated_at})


class Versions(own_api.NewVersions):

    @extend_schema(operation_id="model_versions_list", tags=["models"], summary="List a model's versions", auth=[],
                   parameters=[NAME], responses={200: ModelVersionPageSerializer, **NOT_FOUND})
    def get(self, request: Request, model: str) -> Response:
        found = _model(request, model)
        rows = selectors.versions(found)
        if found.owner_id is not None and found.owner_id != _org_of(request):  # a provider's failures are its own
            rows = rows.filter(state__in=[ModelVersion.State.READY, ModelVersion.State.RETIRED])
        return Response(whole(ModelVersionSerializer(rows, many=True).data))


class OneVersion(APIView):
    permission_classes = [AllowAny]

    @extend_schema(operation_id="model_versions_retrieve", tags=["models"], summary="Get a version", auth=[],
                   parameters=[NAME, OpenApiParameter("version", str, OpenApiParameter.PATH,
                                                      description="A number or an alias.")],
                   responses={200: ModelVersionSerializer, **NOT_FOUND})
    def get(self, request: Request, model: str, version: str) -> Response:
        found = _model(request, model)
        one = selectors.version(found, version)
        mine = found.owner_id is None or found.owner_id == _org_of(request)
        if not mine and one.state not in (ModelVersion.State.READY, ModelVersion.State.RETIRED):
            raise Problem("version_not_found", f"{found.name} has no version {version[:40]}")
        return Response(ModelVersionSerializer(one).data)


class Schema(APIView):
    permission_classes = [AllowAny]

    @extend_schema(operation_id="models_schema", tags=["models"], summary="JSON Schemas of a model", auth=[],
                   parameters=[NAME], responses={200: ModelSchemaSerializer, **NOT_FOUND})
    def get(self, request: Request, model: str) -> Response:
        return Response(schemas(selectors.manifest(_model(request, model))))


urlpatterns = [
    *own_api.urlpatterns,
    *deployment_api.urlpatterns,
    path("models/<str:model>", OneModel.as_view()),
    path("models/<str:model>/versions", Versions.as_view()),
    path("models/<str:model>/versions/<str:version>", OneVersion.as_view()),
    path("models/<str:model>/schema", Schema.as_view()),
]
