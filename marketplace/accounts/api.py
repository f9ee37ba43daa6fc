"""The account and its API keys over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference_backend.jobs.lists import PAGING, cursor_of, page_of, page_size
from kernel import paging
from marketplace.accounts import security, selectors, services, throttle
from marketplace.accounts.api_auth import actor_of_request, organization_of_request
from marketplace.accounts.models import ApiKey
from marketplace.accounts.permissions import SCOPES, KeyPrincipal

NOT_FOUND = {(404, "application/problem+json"): OpenApiResponse(OpenApiTypes.OBJECT,
                                                                description="A problem: not_found")}
INVALID = {(422, "application/problem+json"): OpenApiResponse(OpenApiTypes.OBJECT,
                                                              description="A problem: validation_error")}
ID = OpenApiParameter("key_id", int, OpenApiParameter.PATH, description="The key's `id`.")


class AccountSerializer(serializers.Serializer):
    """Who a request speaks for."""

    organization = serializers.CharField(help_text="The organization's slug.")
    name = serializers.CharField()
    currency = serializers.CharField()
    account_status = serializers.CharField(help_text="active, past_due or suspended")
    role = serializers.CharField(allow_null=True, help_text="Your role; null for an API key.")
    scopes = serializers.ListField(child=serializers.CharField(), help_text="What the API key may do.")
    created_at = serializers.DateTimeField()


class ApiKeySerializer(serializers.Serializer):
    """A key without its secret."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    mode = serializers.CharField(help_text="live or test")
    prefix = serializers.CharField()
    last4 = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    models = serializers.ListField(child=serializers.CharField(), source="only_models",
                                   help_text="Only these models; empty: every subscribed one.")
    allowed_ips = serializers.ListField(child=serializers.CharField())
    rate_per_minute = serializers.IntegerField()
    concurrency = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(
        allow_null=True, help_text="Of the last delivered call or management request, true within a minute.")


class NewApiKeySerializer(ApiKeySerializer):
    """A key with its secret, which is shown in this answer only."""

    secret = serializers.CharField()


ApiKeyPageSerializer = page_of(ApiKeySerializer)


class CreateApiKeySerializer(serializers.Serializer):
    """What a key is made of."""

    name = serializers.CharField(max_length=80)
    mode = serializers.CharField(default="live", help_text="live or test")
    scopes = serializers.ListField(child=serializers.CharField(), default=["predict"],
                                   help_text=f"Of {', '.join(SCOPES)}.")
    models = serializers.ListField(child=serializers.CharField(max_length=64), default=list, max_length=300)
    allowed_ips = serializers.ListField(child=serializers.CharField(max_length=49), default=list, max_length=50)
    rate_per_minute = serializers.IntegerField(default=600)
    concurrency = serializers.IntegerField(default=16)
    expires_at = serializers.DateTimeField(default=None, allow_null=True)


class CreateServiceKeySerializer(serializers.Serializer):
    """What a key of a service account is made of."""

    name = serializers.CharField(max_length=80)
    mode = serializers.CharField(default="live", help_text="live or test")
    scopes = serializers.ListField(child=serializers.CharField(), default=["predict"],
                                   help_text="No more than the account's role gives.")
    expires_at = serializers.DateTimeField(default=None, allow_null=True)


class RotateApiKeySerializer(serializers.Serializer):
    grace_hours = serializers.IntegerField(default=24, help_text="How long the old key works on, 0 to 168.")


class AuditEntrySerializer(serializers.Serializer):
    """One link of the organization's chain. Actors are numbers: the trail names nobody."""

    number = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor_kind = serializers.CharField(help_text="user, key or system")
    actor_id = serializers.IntegerField(allow_null=True)
    action = serializers.CharField()
    target = serializers.CharField()
    ip = serializers.CharField(allow_null=True)
    before = serializers.DictField()
    after = serializers.DictField()
    previous_hash = serializers.CharField()
    hash = serializers.CharField(help_text="SHA-256 over this entry and its predecessor's hash.")


AuditPageSerializer = page_of(AuditEntrySerializer)


class LeakReportSerializer(serializers.Serializer):
    """Texts that were found in public and look like keys."""

    tokens = serializers.ListField(child=serializers.CharField(max_length=200), min_length=1,
                                   max_length=security.REPORTED_AT_ONCE)
    url = serializers.CharField(default="", max_length=300, allow_blank=True, help_text="Where they were found.")


class LeakVerdictSerializer(serializers.Serializer):
    """What became of one text, in the order of the report."""

    last4 = serializers.CharField()
    label = serializers.CharField(help_text="true_positive: it was a key and is revoked; false_positive: it was none.")


class LeakVerdictsSerializer(serializers.Serializer):
    data = LeakVerdictSerializer(many=True)


class Account(APIView):
    @extend_schema(operation_id="account_retrieve", tags=["account"], summary="The account that a request speaks for",
                   responses={200: AccountSerializer})
    def get(self, request: Request) -> Response:
        org = organization_of_request(request)
        key = request.user if isinstance(request.user, KeyPrincipal) else None
        return Response({
            "organization": org.slug, "name": org.name, "currency": org.currency, "account_status": org.status,
            "role": None if key else selectors.role_of(org, request.user), "scopes": key.scopes if key else [],
            "created_at": org.created_at,
        })


class ApiKeys(APIView):
    @extend_schema(operation_id="api_keys_list", tags=["api-keys"], summary="List API keys", parameters=PAGING,
                   responses={200: ApiKeyPageSerializer})
    def get(self, request: Request) -> Response:
        org = organization_of_request(request)
        selectors.authorize(org, actor_of_request(request), "keys:read")
        limit, before = page_size(request), paging.read_cursor(cursor_of(request), paging.natural)
        found = selectors.api_keys(org)
        rows = (found.filter(pk__lt=before[0]) if before else found).order_by("-pk")[:limit + 1]
        page = paging.Page.of(list(rows), limit, lambda key: paging.write_cursor(key.pk))
        return Response(page.document(ApiKeySerializer(page.items, many=True).data))

    @extend_schema(operation_id="api_keys_create", tags=["api-keys"], summary="Create an API key",
                   request=CreateApiKeySerializer, responses={201: NewApiKeySerializer, **INVALID})
    def post(self, request: Request) -> Response:
        body = CreateApiKeySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        key, secret = services.create_api_key(
            org=organization_of_request(request), actor=actor_of_request(request),
            ip=ip_of(request), **body.validated_data)
        return Response(with_secret(key, secret), status=201)


class OneApiKey(APIView):
    @extend_schema(operation_id="api_keys_revoke", tags=["api-keys"], summary="Revoke an API key", parameters=[ID],
                   responses={204: None, **NOT_FOUND})
    def delete(self, request: Request, key_id: int) -> Response:
        services.revoke_api_key(org=organization_of_request(request), actor=actor_of_request(request), key_id=key_id,
                                ip=ip_of(request))
        return Response(status=204)


class RotateApiKey(APIView):
    @extend_schema(operation_id="api_keys_rotate", tags=["api-keys"], summary="Replace an API key, with an overlap",
                   parameters=[ID], request=RotateApiKeySerializer,
                   responses={201: NewApiKeySerializer, **INVALID, **NOT_FOUND})
    def post(self, request: Request, key_id: int) -> Response:
        body = RotateApiKeySerializer(data=request.data or {})
        body.is_valid(raise_exception=True)
        hours = min(max(body.validated_data["grace_hours"], -1), 10_000)
        key, secret = services.rotate_api_key(
            org=organization_of_request(request), actor=actor_of_request(request), key_id=key_id,
            grace=timedelta(hours=hours), ip=ip_of(request))
        return Response(with_secret(key, secret), status=201)


class AuditLog(APIView):
    @extend_schema(operation_id="audit_log_list", tags=["account"], summary="Read the audit log, newest first",
                   parameters=PAGING, responses={200: AuditPageSerializer})
    def get(self, request: Request) -> Response:
        org = organization_of_request(request)
        limit, before = page_size(request), paging.read_cursor(cursor_of(request), paging.natural)
        found = selectors.audit_entries(org)
        rows = (found.filter(number__lt=before[0]) if before else found)[:limit + 1]
        page = paging.Page.of(list(rows), limit, lambda entry: paging.write_cursor(entry.number))
        return Response(page.document(AuditEntrySerializer(page.items, many=True).data))


class KeyLeaks(APIView):
    """Open to everybody: who can name a key holds it, and the best that can be done with it is to end it."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(operation_id="key_leaks_report", tags=["api-keys"], summary="Report keys that were found in public",
                   request=LeakReportSerializer, responses={200: LeakVerdictsSerializer, **INVALID},
                   description="Each text that is a key is revoked at once, on every gateway within a second.")
    def post(self, request: Request) -> Response:
        ip = ip_of(request)
        throttle.LEAKS.hit(ip or "")
        body = LeakReportSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        found = security.report_leaks(tokens=body.validated_data["tokens"], url=body.validated_data["url"], ip=ip)
        return Response({"data": [{"last4": token[-4:], "label": "true_positive" if ours else "false_positive"}
                                  for token, ours in found.items()]})


def ip_of(request: Request) -> str | None:
    return request.META.get("REMOTE_ADDR") or None


def with_secret(key: ApiKey, secret: str) -> dict[str, Any]:
    return {**ApiKeySerializer(key).data, "secret": secret}


urlpatterns = [
    path("account", Account.as_view()),
    path("audit-log", AuditLog.as_view()),
    path("key-leaks", KeyLeaks.as_view()),
    path("api-keys", ApiKeys.as_view()),
    path("api-keys/<int:key_id>", OneApiKey.as_view()),
    path("api-keys/<int:key_id>/rotate", RotateApiKey.as_view()),
]
