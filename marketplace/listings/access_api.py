"""Access to gated models over HTTP: asking for it, and deciding as the provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference_backend.jobs.lists import PAGING, listed, page_of
from marketplace.accounts.api import INVALID, NOT_FOUND
from marketplace.accounts.api_auth import actor_of_request, organization_of_request
from marketplace.accounts.selectors import authorize
from marketplace.listings import access_requests, selectors
from marketplace.listings.models import AccessRequest

ID = OpenApiParameter("request_id", int, OpenApiParameter.PATH, description="The request's `id`.")
FILTERS = [OpenApiParameter("model", str), OpenApiParameter(
    "state", str, description="waiting, approved, refused, canceled or withdrawn")]


class AccessRequestSerializer(serializers.Serializer):
    """An organization's wish to subscribe to a gated model, and what its provider said."""

    id = serializers.IntegerField()
    model = serializers.CharField(source="model_name")
    organization = serializers.CharField(source="organization_name", help_text="The name of the one that asks.")
    person = serializers.CharField(source="who", help_text="Address of the person who asked; empty: an API key did.")
    plan = serializers.CharField(help_text="free or payg: the subscription's plan once it is approved.")
    purpose = serializers.CharField()
    request_state = serializers.CharField(source="state",
                                          help_text="waiting, approved, refused, canceled or withdrawn")
    reason = serializers.CharField(help_text="Why it was refused or withdrawn.")
    asked_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


AccessRequestPageSerializer = page_of(AccessRequestSerializer)


class AskSerializer(serializers.Serializer):
    model = serializers.CharField(max_length=64)
    purpose = serializers.CharField(max_length=access_requests.MAX_TEXT, help_text="What you want to use it for.")
    plan = serializers.CharField(default="payg", help_text="free or payg")


class WhySerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=access_requests.MAX_TEXT, help_text="Who asked reads it.")


def _document(found: AccessRequest) -> dict[str, Any]:
    return dict(AccessRequestSerializer(found).data)


def _said(shape: type[Any], request: Request) -> dict[str, Any]:
    body = shape(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


class AccessRequests(APIView):
    @extend_schema(operation_id="access_requests_list", tags=["subscriptions"], summary="List your requests for access",
                   parameters=PAGING, responses={200: AccessRequestPageSerializer})
    def get(self, request: Request) -> Response:
        org = organization_of_request(request)
        authorize(org, actor_of_request(request), "subscriptions:read")
        return Response(listed(request, selectors.access_requests(org), _document))

    @extend_schema(operation_id="access_requests_create", tags=["subscriptions"],
                   summary="Ask for access to a gated model", request=AskSerializer,
                   responses={201: AccessRequestSerializer, **INVALID, **NOT_FOUND},
                   description="The provider sees your organization's name, your address and the purpose. Once it is "
                               "approved, the subscription is there. Asking again gives the request that waits.")
    def post(self, request: Request) -> Response:
        org, actor = organization_of_request(request), actor_of_request(request)
        authorize(org, actor, "subscriptions:manage")
        made = access_requests.ask(org=org, actor=actor, **_said(AskSerializer, request))
        return Response(_document(made), status=201)


class OneAccessRequest(APIView):
    @extend_schema(operation_id="access_requests_delete", tags=["subscriptions"], summary="Take a request back",
                   parameters=[ID], responses={204: None, **NOT_FOUND})
    def delete(self, request: Request, request_id: int) -> Response:
        access_requests.cancel(org=organization_of_request(request), request_id=request_id,
                               actor=actor_of_request(request))
        return Response(status=204)


class RequestsToProvider(APIView):
    @extend_schema(operation_id="provider_access_requests_list", tags=["own models"],
                   summary="See who asks for access to your models", parameters=[*FILTERS, *PAGING],
                   responses={200: AccessRequestPageSerializer})
    def get(self, request: Request) -> Response:
        org = organization_of_request(request)
        authorize(org, actor_of_request(request), "models:read")
        query = request.query_params
        rows = selectors.access_requests_to(org, model=query.get("model", ""), state=query.get("state", ""))
        return Response(listed(request, rows, _document))


class _Decision(APIView):
    # What the three decisions share. (A docstring would be every operation's description.)

    def decide(self, request: Request, act: Callable[..., AccessRequest], request_id: int,
               shape: type[WhySerializer] | None = None) -> Response:
        org, actor = organization_of_request(request), actor_of_request(request)
        authorize(org, actor, "models:write")
        said = _said(shape, request) if shape else {}
        return Response(_document(act(org=org, actor=actor, request_id=request_id, **said)))


class ApproveAccess(_Decision):
    @extend_schema(operation_id="provider_access_requests_approve", tags=["own models"],
                   summary="Let an organization in", parameters=[ID], request=None,
                   responses={200: AccessRequestSerializer, **NOT_FOUND},
                   description="Its subscription is live at once, and its keys call within a second.")
    def post(self, request: Request, request_id: int) -> Response:
        return self.decide(request, access_requests.approve, request_id)


class RefuseAccess(_Decision):
    @extend_schema(operation_id="provider_access_requests_refuse", tags=["own models"],
                   summary="Refuse an organization", parameters=[ID], request=WhySerializer,
                   responses={200: AccessRequestSerializer, **INVALID, **NOT_FOUND})
    def post(self, request: Request, request_id: int) -> Response:
        return self.decide(request, access_requests.refuse, request_id, WhySerializer)


class WithdrawAccess(_Decision):
    @extend_schema(operation_id="provider_access_requests_withdraw", tags=["own models"],
                   summary="Take an organization's access back", parameters=[ID], request=WhySerializer,
                   responses={200: AccessRequestSerializer, **INVALID, **NOT_FOUND},
                   description="Its subscription ends, and its calls are refused within a second.")
    def post(self, request: Request, request_id: int) -> Response:
        return self.decide(request, access_requests.withdraw, request_id, WhySerializer)


urlpatterns = [
    path("access-requests", AccessRequests.as_view()),
    path("access-requests/<int:request_id>", OneAccessRequest.as_view()),
    path("provider/access-requests", RequestsToProvider.as_view()),
    path("provider/access-requests/<int:request_id>/approve", ApproveAccess.as_view()),
    path("provider/access-requests/<int:request_id>/refuse", RefuseAccess.as_view()),
    path("provider/access-requests/<int:request_id>/withdraw", WithdrawAccess.as_view()),
]
