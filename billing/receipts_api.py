"""Receipts over HTTP. See `billing.api` for who may call; the public keys are for everybody."""

from __future__ import annotations

import json
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.http import require_GET
from drf_spectacular.utils import OpenApiResponse, OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing import receipts
from billing.access import caller_of


class ReceiptPayloadSerializer(serializers.Serializer):
    v = serializers.IntegerField()
    kind = serializers.CharField()
    id = serializers.CharField(help_text="the id that bills, as in X-Receipt")
    org = serializers.IntegerField()
    key_id = serializers.IntegerField()
    model = serializers.CharField()
    version = serializers.IntegerField()
    version_digest = serializers.CharField(help_text="SHA-256 over the version's artifacts", allow_blank=True)
    request_sha256 = serializers.CharField(help_text="of the request's body")
    occurred_at = serializers.CharField()
    unit = serializers.CharField()
    units = serializers.IntegerField()
    price_version = serializers.IntegerField()
    unit_amount_minor = serializers.CharField()
    currency = serializers.CharField()
    amount_minor = serializers.CharField(help_text="exact, before included units and the rounding of the invoice line")
    mode = serializers.CharField()
    corrects = serializers.CharField(allow_null=True)
    outcome = serializers.CharField(help_text="the cause, as in the table of what is billed")
    reason = serializers.CharField()


class ReceiptSerializer(serializers.Serializer):
    payload = ReceiptPayloadSerializer()
    kid = serializers.CharField()
    signature = serializers.CharField(help_text="Ed25519 over the canonical JSON of payload, base64url")


class ReceiptView(APIView):
    @extend_schema(operation_id="usage_receipt", summary="Get the receipt of a call",
                   responses=ReceiptSerializer, tags=["billing"])
    def get(self, request: Request, event_id: UUID) -> Response:
        """The signed receipt of one call."""
        return Response(receipts.receipt(caller_of(request), event_id))


class InvoiceReceiptsView(APIView):
    @extend_schema(operation_id="invoices_receipts", summary="Get the receipts of an invoice",
                   tags=["billing"], responses={
        (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.STR, "a signed statement, then signed receipts")})
    def get(self, request: Request, invoice_id: int) -> StreamingHttpResponse:
        """What `tessera verify-invoice` takes: one JSON object a line."""
        parts = receipts.bundle(caller_of(request), invoice_id)
        return StreamingHttpResponse((json.dumps(part, ensure_ascii=False) + "\n" for part in parts),
                                     content_type="application/x-ndjson")


@require_GET
def receipt_keys(request: HttpRequest) -> HttpResponse:
    """The public keys that receipts are checked with."""
    answer = JsonResponse(receipts.public_keys())
    answer["Cache-Control"] = "public, max-age=3600"
    return answer


urlpatterns = [
    path("usage/<uuid:event_id>/receipt", ReceiptView.as_view(), name="usage-receipt"),
    path("invoices/<int:invoice_id>/receipts", InvoiceReceiptsView.as_view(), name="invoice-receipts"),
]
