"""The purse over HTTP: account, plans, cards, credit, documents; and what providers earn. See `billing.api` for who
may call. What changes something wants an API key with the scope billing; people use the console.
"""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing import console, credits, payments, payouts, services
from billing.access import caller_of, integer, invalid
from billing.selectors import EventPage, account_of
from inference_backend.jobs.lists import page_of
from kernel.money import major_text
from kernel.problems import Problem


class MoneyField(serializers.CharField):
    """Decimal text in the currency's unit."""

    def __init__(self, **options: Any) -> None:
        super().__init__(help_text="in the currency's unit", **options)


class BillingAccountSerializer(serializers.Serializer):
    object = serializers.CharField()
    currency = serializers.CharField()
    plan = serializers.CharField()
    next_plan = serializers.CharField(allow_blank=True)
    next_plan_from = serializers.DateField(allow_null=True)
    period_start = serializers.DateField()
    period_end = serializers.DateField()
    state = serializers.ChoiceField(["active", "blocked", "suspended"], help_text="blocked: calls are slowed down")
    owed = MoneyField()
    sandbox = serializers.BooleanField(help_text="no real money moves")


class PlanSerializer(serializers.Serializer):
    code = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    rate_per_minute = serializers.IntegerField()
    concurrency = serializers.IntegerField()
    monthly_units = serializers.IntegerField(allow_null=True)
    discount_percent = serializers.CharField()
    commitment = MoneyField(allow_null=True)
    is_current = serializers.BooleanField()
    is_next = serializers.BooleanField()


class PlanListSerializer(serializers.Serializer):
    data = PlanSerializer(many=True)


class PlanChoiceSerializer(serializers.Serializer):
    plan = serializers.CharField()


class PaymentMethodSerializer(serializers.Serializer):
    id = serializers.CharField()
    brand = serializers.CharField()
    last4 = serializers.CharField()
    exp_month = serializers.IntegerField()
    exp_year = serializers.IntegerField()
    is_default = serializers.BooleanField()


class PaymentMethodListSerializer(serializers.Serializer):
    data = PaymentMethodSerializer(many=True)


class CreditGrantSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    amount = MoneyField()
    left = MoneyField()
    reason = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)


class WalletSerializer(serializers.Serializer):
    object = serializers.CharField()
    currency = serializers.CharField()
    usable = MoneyField()
    unbilled = MoneyField()
    available = MoneyField()
    grants = CreditGrantSerializer(many=True)


class TopUpRequestSerializer(serializers.Serializer):
    amount_minor = serializers.IntegerField(help_text="whole minor units, cents for USD")
    success_url = serializers.URLField()
    cancel_url = serializers.URLField()


class CheckoutPageSerializer(serializers.Serializer):
    url = serializers.URLField(help_text="where the person pays")


class LineEventSerializer(serializers.Serializer):
    id = serializers.CharField()
    key_id = serializers.IntegerField()
    model = serializers.CharField()
    version = serializers.IntegerField()
    units = serializers.IntegerField()
    occurred_at = serializers.DateTimeField()
    kind = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)


LineEventPageSerializer = page_of(LineEventSerializer)


class EarningSerializer(serializers.Serializer):
    model = serializers.CharField()
    currency = serializers.CharField()
    net = MoneyField()
    share = MoneyField()
    held = MoneyField()
    free = MoneyField()
    paid = MoneyField()


class EarningListSerializer(serializers.Serializer):
    data = EarningSerializer(many=True)


class PayoutSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    currency = serializers.CharField()
    until = serializers.DateField()
    total = MoneyField()
    status = serializers.CharField()
    transfer = serializers.CharField(allow_blank=True)


class PayoutListSerializer(serializers.Serializer):
    data = PayoutSerializer(many=True)


class OwnView(APIView):
    """Resolves the organization once."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.org_id = caller_of(request)


class BillingAccountView(OwnView):
    @extend_schema(operation_id="billing_account_get", summary="Get the plan, the period and what is owed",
                   responses=BillingAccountSerializer, tags=["billing"])
    def get(self, request: Request) -> Response:
        """Plan, period, state and what is owed."""
        found = console.billing_account(self.org_id)
        names = ("currency", "plan", "next_plan", "next_plan_from", "period_start", "period_end", "state", "sandbox")
        return Response({"object": "billing_account", **{name: getattr(found, name) for name in names},
                         "owed": _money(found.owed, found.currency)})


class PlansView(OwnView):
    @extend_schema(operation_id="billing_plans_list", summary="List the plans",
                   responses=PlanListSerializer, tags=["billing"])
    def get(self, request: Request) -> Response:
        """Every plan, and which one is yours."""
        currency = console.billing_account(self.org_id).currency
        return Response({"data": [{**asdict(plan), "discount_percent": f"{plan.discount_percent:f}",
                                   "commitment": None if plan.commitment is None
                                   else _money(plan.commitment, currency)} for plan in console.plans(self.org_id)]})

    @extend_schema(operation_id="billing_plan_choose", summary="Choose a plan",
                   request=PlanChoiceSerializer, responses=PlanListSerializer,
                   tags=["billing"])
    def post(self, request: Request) -> Response:
        """Changes the plan: from the free one at once, otherwise with the next period."""
        _must_be_a_key(request)
        services.choose_plan(org_id=self.org_id, plan=str(_body(request).get("plan", "")))
        return self.get(request)


class PaymentMethodsView(OwnView):
    @extend_schema(operation_id="payment_methods_list", summary="List the saved cards",
                   responses=PaymentMethodListSerializer, tags=["billing"])
    def get(self, request: Request) -> Response:
        """The saved cards, the default first."""
        return Response({"data": [asdict(card) for card in console.payment_methods(self.org_id)]})


class WalletView(OwnView):
    @extend_schema(operation_id="wallet_get", summary="Get the prepaid credit",
                   responses=WalletSerializer, tags=["billing"])
    def get(self, request: Request) -> Response:
        """Credit: what is usable, what of it is used but not billed yet, and every grant."""
        if account_of(self.org_id) is None:
            services.open_account(org_id=self.org_id)
        found = credits.wallet(self.org_id)
        grants = [{"id": g.id, "kind": g.kind, "amount": _money(g.amount, g.currency),
                   "left": _money(g.left, g.currency), "reason": g.reason, "created_at": g.created_at,
                   "expires_at": g.expires_at} for g in found.grants]
        return Response({"object": "wallet", "currency": found.currency, "grants": grants, **{
            name: _money(getattr(found, name), found.currency) for name in ("usable", "unbilled", "available")}})


class TopUpsView(OwnView):
    @extend_schema(operation_id="top_ups_create", summary="Buy prepaid credit",
                   request=TopUpRequestSerializer,
                   responses={201: CheckoutPageSerializer}, tags=["billing"])
    def post(self, request: Request) -> Response:
        """A page that sells credit; it is granted when the payment is through."""
        _must_be_a_key(request)
        body = TopUpRequestSerializer(data=_body(request))
        if not body.is_valid():
            raise invalid("body", "amount_minor, success_url and cancel_url")
        return Response({"url": payments.start_topup(org_id=self.org_id, **body.validated_data)}, status=201)


class InvoiceFileView(OwnView):
    KINDS = {"pdf": ("application/pdf", console.invoice_pdf), "csv": ("text/csv", console.invoice_csv),
             "json": ("application/json", console.invoice_json)}

    @extend_schema(operation_id="invoices_file", summary="Get an invoice as a file",
                   responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
                   tags=["billing"], parameters=[OpenApiParameter("kind", str, OpenApiParameter.PATH,
                                                                  enum=["pdf", "csv", "json"])])
    def get(self, request: Request, invoice_id: int, kind: str) -> HttpResponse:
        """An issued invoice as PDF, CSV or JSON; the rows add up to its total."""
        if kind not in self.KINDS:
            raise Problem("not_found")
        content_type, make = self.KINDS[kind]
        answer = HttpResponse(make(self.org_id, invoice_id), content_type=content_type)
        answer["Content-Disposition"] = f'attachment; filename="invoice-{invoice_id}.{kind}"'
        return answer


class LineEventsView(OwnView):
    @extend_schema(operation_id="invoices_line_events", summary="List the calls behind a line",
                   responses=LineEventPageSerializer, tags=["billing"],
                   parameters=[OpenApiParameter("cursor", str), OpenApiParameter("limit", int)])
    def get(self, request: Request, invoice_id: int, line: int) -> Response:
        """The single calls behind a line of an issued invoice; lines count from 0."""
        limit = integer(request, "limit")
        if limit is not None and not 1 <= limit <= 100:
            raise invalid("limit", "1 to 100")
        page: EventPage = console.line_events(self.org_id, invoice_id, line, limit=limit or 50,
                                              cursor=request.query_params.get("cursor"))
        data = [{"id": str(e.event_id), "key_id": e.key_id, "model": e.model, "version": e.version, "units": e.units,
                 "occurred_at": e.occurred_at, "kind": e.kind, "reason": e.reason} for e in page.data]
        return Response({"data": data, "has_more": page.next_cursor is not None, "next_cursor": page.next_cursor})


class EarningsView(OwnView):
    @extend_schema(operation_id="provider_earnings_list", summary="List what your models earned",
                   responses=EarningListSerializer, tags=["providers"])
    def get(self, request: Request) -> Response:
        """What your models earned: held, free for the next payout, paid."""
        return Response({"data": [
            {"model": e.model, "currency": e.currency, **{
                name: _money(getattr(e, name), e.currency) for name in ("net", "share", "held", "free", "paid")}}
            for e in payouts.earnings(self.org_id)]})


class PayoutsView(OwnView):
    @extend_schema(operation_id="provider_payouts_list", summary="List your payouts",
                   responses=PayoutListSerializer, tags=["providers"])
    def get(self, request: Request) -> Response:
        """Your settlements, newest first."""
        return Response({"data": [
            {"id": p.id, "currency": p.currency, "until": p.until, "total": _money(p.total, p.currency),
             "status": p.status, "transfer": p.transfer} for p in payouts.payouts_of(self.org_id)]})


urlpatterns = [
    path("billing/account", BillingAccountView.as_view(), name="billing-account"),
    path("billing/plans", PlansView.as_view(), name="billing-plans"),
    path("billing/payment-methods", PaymentMethodsView.as_view(), name="payment-methods"),
    path("billing/wallet", WalletView.as_view(), name="wallet"),
    path("billing/top-ups", TopUpsView.as_view(), name="top-ups"),
    path("invoices/<int:invoice_id>/file/<str:kind>", InvoiceFileView.as_view(), name="invoice-file"),
    path("invoices/<int:invoice_id>/lines/<int:line>/events", LineEventsView.as_view(), name="invoice-line-events"),
    path("provider/earnings", EarningsView.as_view(), name="provider-earnings"),
    path("provider/payouts", PayoutsView.as_view(), name="provider-payouts"),
]


def _money(minor: int, currency: str) -> str:
    return major_text(Decimal(minor), currency)


def _must_be_a_key(request: Request) -> None:
    """A member's role is known above billing only; here money moves for keys that carry the scope."""
    if getattr(request.auth, "scopes", None) is None:
        raise Problem("permission_denied", "use an API key with the scope billing, or the console")


def _body(request: Request) -> dict[str, Any]:
    if not isinstance(request.data, dict):
        raise invalid("body", "an object")
    return request.data
