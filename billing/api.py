"""Billing over HTTP, under /api/v1. Everything here is the caller's own organization's; a stranger's is not found.

Who calls: billing sits below the marketplace and knows no members or keys. The layer above must set, before a view
runs, ``organization_id`` on Django's request: `marketplace.accounts`' API key authentication for programs (or it gives
``request.auth.org_id``), a middleware for signed-in sessions. Where ``request.auth`` has ``scopes``, they must hold
"billing". Nothing else of the caller is used.
"""

from __future__ import annotations

import csv
import io
import logging
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, get_args

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from kombu.exceptions import OperationalError
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing import account_api, budgets_api, periods, receipts_api, selectors, statement, webhooks
from billing.access import caller_of, integer, invalid
from billing.stripe_gateway import WrongSignature
from billing.tasks import handle_webhooks
from inference_backend.jobs.lists import page_of
from kernel import clock
from kernel.money import major_text
from kernel.problems import Problem

log = logging.getLogger(__name__)
GROUPS = get_args(selectors.GroupBy)


class UsageSumSerializer(serializers.Serializer):
    group = serializers.CharField(help_text="model, key id, or the start of an hour or a day")
    unit = serializers.CharField()
    units = serializers.IntegerField()
    events = serializers.IntegerField()
    amount = serializers.CharField(help_text="in the currency's unit, before included units and rounding")
    currency = serializers.CharField()


class UsageSerializer(serializers.Serializer):
    object = serializers.CharField()
    group_by = serializers.ChoiceField(GROUPS)
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    data = UsageSumSerializer(many=True)
    as_of = serializers.DateTimeField()


class UsageEventSerializer(serializers.Serializer):
    id = serializers.CharField()
    key_id = serializers.IntegerField()
    model = serializers.CharField()
    version = serializers.IntegerField()
    unit = serializers.CharField()
    units = serializers.IntegerField()
    price_version = serializers.IntegerField()
    amount = serializers.CharField()
    currency = serializers.CharField()
    mode = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    latency_ms = serializers.IntegerField()
    source = serializers.CharField()
    kind = serializers.CharField()
    reason = serializers.CharField()


UsageEventPageSerializer = page_of(UsageEventSerializer)


class InvoiceLineSerializer(serializers.Serializer):
    type = serializers.CharField()
    model = serializers.CharField()
    unit = serializers.CharField()
    price_version = serializers.IntegerField()
    period = serializers.CharField()
    units = serializers.IntegerField()
    included = serializers.IntegerField()
    unit_amount = serializers.CharField(allow_null=True)
    amount = serializers.CharField()


class InvoiceSerializer(serializers.Serializer):
    id = serializers.CharField()
    object = serializers.CharField()
    number = serializers.CharField()
    status = serializers.CharField()
    currency = serializers.CharField()
    period_start = serializers.DateField()
    period_end = serializers.DateField()
    plan = serializers.CharField()
    lines = InvoiceLineSerializer(many=True)
    subtotal = serializers.CharField()
    discount = serializers.CharField()
    credit = serializers.CharField()
    tax = serializers.CharField()
    total = serializers.CharField()
    amount_paid = serializers.CharField()
    issued_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    paid_at = serializers.DateTimeField(allow_null=True)


InvoiceListSerializer = page_of(InvoiceSerializer)


class EstimateSerializer(serializers.Serializer):
    model = serializers.CharField()
    unit = serializers.CharField()
    units = serializers.IntegerField()
    used = serializers.IntegerField(help_text="this month, by this organization")
    included_left = serializers.IntegerField()
    unit_amount = serializers.CharField()
    amount = serializers.CharField()
    currency = serializers.CharField()


class CsvRenderer(BaseRenderer):
    """Rows of a list answer as CSV, below the names that its view gives the columns."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        out = io.StringIO()
        writer = csv.DictWriter(out, renderer_context["view"].columns)
        writer.writeheader()
        writer.writerows({name: _plain(value) for name, value in row.items()} for row in data["data"])
        return out.getvalue().encode()


class BillingView(APIView):
    """Resolves the organization once; every query below names it."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.org_id = caller_of(request)


class TableView(BillingView):
    """Also answers CSV: by `Accept: text/csv` or by `?format_as=csv`, for links."""

    renderer_classes = [JSONRenderer, CsvRenderer]
    columns: list[str]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        if request.query_params.get("format_as") == "csv":
            return CsvRenderer(), CsvRenderer.media_type
        return super().perform_content_negotiation(request, force)


SPAN = [
    OpenApiParameter("from", OpenApiTypes.DATETIME, description="a date or a moment; default: the month's first day"),
    OpenApiParameter("to", OpenApiTypes.DATETIME, description="exclusive; default: now"),
    OpenApiParameter("model", str), OpenApiParameter("key_id", int),
    OpenApiParameter("mode", str, enum=["live", "test"]), OpenApiParameter("format_as", str, enum=["json", "csv"]),
]


class UsageView(TableView):
    columns = list(UsageSumSerializer().fields)

    @extend_schema(operation_id="usage_list", summary="Sum usage up",
                   responses=UsageSerializer, tags=["billing"],
                   parameters=[OpenApiParameter("group_by", str, enum=list(GROUPS)), *SPAN])
    def get(self, request: Request) -> Response:
        """Usage by model, key, hour or day, from hourly sums."""
        group_by = request.query_params.get("group_by", "model")
        if group_by not in GROUPS:
            raise invalid("group_by", f"one of {', '.join(GROUPS)}")
        since, until = _span(request)
        sums = selectors.usage(self.org_id, since=since, until=until, group_by=group_by, mode=_mode(request) or "live",
                               model=request.query_params.get("model"), key_id=integer(request, "key_id"))
        data = [{"group": row.group, "unit": row.unit, "units": row.units, "events": row.events,
                 "amount": major_text(row.amount_minor, row.currency), "currency": row.currency} for row in sums]
        return Response({"object": "usage", "group_by": group_by, "since": since, "until": until, "data": data,
                         "as_of": clock.now()})


class UsageEventsView(TableView):
    columns = list(UsageEventSerializer().fields)

    @extend_schema(operation_id="usage_events_list", summary="List single uses",
                   responses=UsageEventPageSerializer, tags=["billing"], parameters=[
        *SPAN, OpenApiParameter("cursor", str), OpenApiParameter("limit", int, description="1-100, default 50")])
    def get(self, request: Request) -> Response:
        """Single ledger entries, newest first."""
        since, until = _span(request, bounded=False)
        limit = integer(request, "limit")
        if limit is not None and not 1 <= limit <= 100:
            raise invalid("limit", "1 to 100")
        page = selectors.events(
            self.org_id, since=since, until=until, model=request.query_params.get("model"),
            key_id=integer(request, "key_id"), mode=_mode(request), cursor=request.query_params.get("cursor"),
            limit=limit or 50)
        data = [{"id": str(row.event_id), "key_id": row.key_id, "model": row.model, "version": row.version,
                 "unit": row.unit, "units": row.units, "price_version": row.price_version,
                 "amount": major_text(row.units * row.unit_amount, row.currency), "currency": row.currency,
                 "mode": row.mode, "occurred_at": row.occurred_at, "latency_ms": row.latency_ms, "source": row.source,
                 "kind": row.kind, "reason": row.reason} for row in page.data]
        return Response({"data": data, "has_more": page.next_cursor is not None, "next_cursor": page.next_cursor})


class InvoicesView(BillingView):
    @extend_schema(operation_id="invoices_list", summary="List invoices",
                   responses=InvoiceListSerializer, tags=["billing"])
    def get(self, request: Request) -> Response:
        """The draft of this month first, then all issued invoices, newest first."""
        drafts = [selectors.draft_invoice(self.org_id)] if selectors.account_of(self.org_id) else []
        data = [_invoice(view) for view in [*drafts, *selectors.invoices(self.org_id)]]
        return Response({"data": data, "has_more": False, "next_cursor": None})


class InvoiceView(BillingView):
    @extend_schema(operation_id="invoices_get", summary="Get one invoice",
                   responses=InvoiceSerializer, tags=["billing"])
    def get(self, request: Request, invoice_id: str) -> Response:
        """One invoice; "draft" is this month's as it would be now."""
        if invoice_id == "draft":
            return Response(_invoice(selectors.draft_invoice(self.org_id)))
        if not (invoice_id.isascii() and invoice_id.isdigit() and len(invoice_id) < 19):
            raise Problem("not_found")
        return Response(_invoice(selectors.invoice(self.org_id, int(invoice_id))))


class EstimateView(BillingView):
    @extend_schema(operation_id="pricing_estimate", summary="Estimate a month's cost",
                   responses=EstimateSerializer, tags=["billing"], parameters=[
        OpenApiParameter("model", str, required=True), OpenApiParameter("units", int, description="default 1")])
    def get(self, request: Request) -> Response:
        """What so many more units of a model would cost this organization this month."""
        model = request.query_params.get("model", "")
        if not model:
            raise invalid("model", "a model's name")
        units = integer(request, "units")
        if units is not None and not 0 <= units <= 10**12:
            raise invalid("units", "0 to 1,000,000,000,000")
        quote = selectors.quote(self.org_id, model=model, units=1 if units is None else units)
        return Response({"model": quote.model, "unit": quote.unit, "units": quote.units, "used": quote.used,
                         "included_left": quote.included_left,
                         "unit_amount": major_text(quote.unit_amount, quote.currency),
                         "amount": major_text(quote.amount_minor, quote.currency), "currency": quote.currency})


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Where Stripe tells what happened: signature, then storage, then 200; handling follows on its own."""
    try:
        fresh = webhooks.receive(request.body, request.headers.get("Stripe-Signature", ""))
    except WrongSignature:
        return JsonResponse({"error": "signature"}, status=400)
    if fresh:
        try:
            handle_webhooks.delay()
        except (OSError, OperationalError):  # a lost hint: the next scan handles it
            log.warning("the broker is away; the event waits for the scan")
    return JsonResponse({"received": True})


urlpatterns = [
    path("webhooks/stripe", stripe_webhook, name="stripe-webhook"),
    path("usage", UsageView.as_view(), name="usage"),
    path("usage/events", UsageEventsView.as_view(), name="usage-events"),
    path("invoices", InvoicesView.as_view(), name="invoices"),
    path("invoices/<str:invoice_id>", InvoiceView.as_view(), name="invoice"),
    path("pricing/estimate", EstimateView.as_view(), name="pricing-estimate"),
    *account_api.urlpatterns,
    *budgets_api.urlpatterns,
    *receipts_api.urlpatterns,
]


def _invoice(view: selectors.InvoiceView) -> dict[str, object]:
    amounts = ("subtotal", "discount", "credit", "tax", "total", "amount_paid")
    return {
        "id": view.id, "object": "invoice", "number": view.number, "status": view.status, "currency": view.currency,
        "period_start": view.period_start, "period_end": view.period_end, "plan": view.plan,
        "lines": [_line(line, view.currency) for line in view.lines],
        **{name: major_text(Decimal(getattr(view, name)), view.currency) for name in amounts},
        "issued_at": view.issued_at, "due_at": view.due_at, "paid_at": view.paid_at,
    }


def _line(line: statement.Line, currency: str) -> dict[str, object]:
    return {"type": line.type, "model": line.model, "unit": line.unit, "price_version": line.price_version,
            "period": f"{line.month:%Y-%m}", "units": line.units, "included": line.included,
            "unit_amount": None if line.unit_amount is None else major_text(line.unit_amount, currency),
            "amount": major_text(Decimal(line.amount), currency)}


def _span(request: Request, *, bounded: bool = True) -> tuple[Any, Any]:
    since, until = _moment(request, "from"), _moment(request, "to")
    if bounded:
        since = since or periods.starts(periods.this_month())
        until = until or clock.now()
        if until - since > timedelta(days=400):
            raise invalid("from", "at most 400 days before `to`")
    if since and until and since > until:
        raise invalid("from", "not after `to`")
    return since, until


def _moment(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        moment = datetime.combine(date.fromisoformat(text), time()) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(name, "an ISO 8601 date or moment") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _mode(request: Request) -> str | None:
    mode = request.query_params.get("mode")
    if mode not in (None, "live", "test"):
        raise invalid("mode", "live or test")
    return mode


def _plain(value: Any) -> Any:
    """Text that a spreadsheet does not take for a formula: names come from providers."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return value if _is_number(value) else f"'{value}"
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def _is_number(text: str) -> bool:
    return text.lstrip("+-").replace(".", "", 1).isdigit()
