"""The catalogue and subscriptions over HTTP."""

from __future__ import annotations

from dataclasses import fields

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference_backend.jobs.lists import PAGING, cursor_of, page_of, page_size
from kernel.paging import Page, write_cursor
from marketplace.accounts.api import INVALID, NOT_FOUND
from marketplace.accounts.api_auth import actor_of_request, organization_of_request
from marketplace.accounts.selectors import authorize
from marketplace.listings import access_api, selectors, services
from marketplace.listings.models import Subscription
from model_registry.api import ModelSummarySerializer, summary
from model_registry.own_api import NewModels

FILTERS = [OpenApiParameter(f.name, str, many=True, description="Any of these; repeat or separate with commas.")
           for f in fields(selectors.Filters)]


class FacetValueSerializer(serializers.Serializer):
    value = serializers.CharField()
    count = serializers.IntegerField(help_text="Models that this choice would leave, with everything else selected.")
    selected = serializers.BooleanField()
    title = serializers.CharField()
    title_zh = serializers.CharField()


ModelPageSerializer = page_of(ModelSummarySerializer, total=serializers.IntegerField(),
                              facets=serializers.DictField(child=FacetValueSerializer(many=True)))


class SubscriptionSerializer(serializers.Serializer):
    """A right to call a model."""

    id = serializers.IntegerField()
    model = serializers.CharField(source="model_name")
    plan = serializers.CharField(help_text="free or payg")
    created_at = serializers.DateTimeField()


SubscriptionPageSerializer = page_of(SubscriptionSerializer)


class SubscribeSerializer(serializers.Serializer):
    model = serializers.CharField(max_length=64)
    plan = serializers.CharField(default="payg", help_text="free or payg")


class Models(NewModels):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="models_list", tags=["models"], summary="Search the catalogue", auth=[],
        parameters=[*PAGING,
                    OpenApiParameter("search", str, description="Words in English or Chinese; typos are fine."),
                    OpenApiParameter("sort", str, description=", ".join(selectors.SORTS)), *FILTERS],
        responses={200: ModelPageSerializer})
    def get(self, request: Request) -> Response:
        query = request.query_params
        chosen = {f.name: tuple(v for raw in query.getlist(f.name) for v in raw.split(",") if v)
                  for f in fields(selectors.Filters)}
        page = selectors.catalogue(query=query.get("search", ""), filters=selectors.Filters(**chosen),
                                   sort=query.get("sort", ""), cursor=cursor_of(request), limit=page_size(request))
        return Response({"data": [summary(item.model) for item in page.items], "has_more": page.has_more,
                         "next_cursor": page.next_cursor, "total": page.total,
                         "facets": {name: FacetValueSerializer(values, many=True).data
                                    for name, values in page.facets.items()}})


class Subscriptions(APIView):
    @extend_schema(operation_id="subscriptions_list", tags=["subscriptions"], summary="List active subscriptions",
                   parameters=PAGING, responses={200: SubscriptionPageSerializer})
    def get(self, request: Request) -> Response:
        org = organization_of_request(request)
        authorize(org, actor_of_request(request), "subscriptions:read")
        limit, offset = page_size(request), selectors.read_offset(cursor_of(request))
        rows = list(selectors.subscriptions(org)[offset:offset + limit + 1])
        page = Page.of(rows, limit, lambda _: write_cursor(offset + limit))
        return Response(page.document(SubscriptionSerializer(page.items, many=True).data))

    @extend_schema(operation_id="subscriptions_create", tags=["subscriptions"], summary="Subscribe to a model",
                   request=SubscribeSerializer, responses={201: SubscriptionSerializer, **INVALID, **NOT_FOUND})
    def post(self, request: Request) -> Response:
        body = SubscribeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made: Subscription = services.subscribe(org=organization_of_request(request), actor=actor_of_request(request),
                                                **body.validated_data)
        return Response(SubscriptionSerializer(made).data, status=201)


class OneSubscription(APIView):
    @extend_schema(operation_id="subscriptions_delete", tags=["subscriptions"], summary="End a subscription",
                   parameters=[OpenApiParameter("subscription_id", int, OpenApiParameter.PATH)],
                   responses={204: None, **NOT_FOUND})
    def delete(self, request: Request, subscription_id: int) -> Response:
        org, actor = organization_of_request(request), actor_of_request(request)
        authorize(org, actor, "subscriptions:manage")
        found = selectors.subscription_by_id(org, subscription_id)
        services.unsubscribe(org=org, model=found.model_name, actor=actor)
        return Response(status=204)


urlpatterns = [
    path("models", Models.as_view()),
    *access_api.urlpatterns,
    path("subscriptions", Subscriptions.as_view()),
    path("subscriptions/<int:subscription_id>", OneSubscription.as_view()),
]
