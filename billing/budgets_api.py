"""Budgets over HTTP, under /api/v1/budgets. See `billing.api` for who may call."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing import budgets, services
from billing.access import caller_of
from kernel.money import EXPONENTS, major_text
from kernel.problems import FieldError, Problem


class BudgetAlertSerializer(serializers.Serializer):
    budget = serializers.CharField()
    period_start = serializers.DateField()
    threshold = serializers.IntegerField(help_text="percent")
    spent = serializers.CharField(help_text="in the currency's unit, when it was noticed")
    fired_at = serializers.DateTimeField()


class BudgetSerializer(serializers.Serializer):
    object = serializers.CharField()
    id = serializers.CharField()
    name = serializers.CharField()
    key_id = serializers.IntegerField(allow_null=True)
    window = serializers.ChoiceField(["day", "month"])
    amount = serializers.CharField(help_text="in the currency's unit")
    currency = serializers.CharField()
    hard = serializers.BooleanField(help_text="no call passes it")
    thresholds = serializers.ListField(child=serializers.IntegerField(), help_text="percents that fire an alert")
    spent = serializers.CharField(help_text="in the present window, before included units and rounding")
    period_start = serializers.DateField()
    alerts = BudgetAlertSerializer(many=True)


class BudgetListSerializer(serializers.Serializer):
    data = BudgetSerializer(many=True)


class BudgetAlertListSerializer(serializers.Serializer):
    data = BudgetAlertSerializer(many=True)


class NewBudgetSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=80)
    amount = serializers.CharField(help_text="in the account's currency, such as 25.00")
    window = serializers.ChoiceField(["day", "month"], default="month")
    hard = serializers.BooleanField(default=False)
    thresholds = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=1000), required=False,
                                       max_length=budgets.MAX_THRESHOLDS)
    key_id = serializers.IntegerField(required=False, allow_null=True, min_value=1)


class BudgetChangeSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=80, required=False)
    amount = serializers.CharField(required=False)
    hard = serializers.BooleanField(required=False)
    thresholds = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=1000), required=False,
                                       max_length=budgets.MAX_THRESHOLDS)


class BudgetsView(APIView):
    @extend_schema(operation_id="budgets_list", summary="List budgets",
                   responses=BudgetListSerializer, tags=["billing"])
    def get(self, request: Request) -> Response:
        """The organization's budgets and how they stand."""
        return Response({"data": [_budget(view) for view in budgets.budgets(caller_of(request))]})

    @extend_schema(operation_id="budgets_create", summary="Set a budget",
                   request=NewBudgetSerializer, responses={201: BudgetSerializer},
                   tags=["billing"])
    def post(self, request: Request) -> Response:
        """A new budget for the organization or one of its keys."""
        org_id = caller_of(request)
        given = _given(NewBudgetSerializer, request)
        given["amount_minor"] = _minor(given.pop("amount"), services.open_account(org_id=org_id).currency)
        return Response(_budget(budgets.create_budget(org_id=org_id, **given)), status=201)


class BudgetView(APIView):
    @extend_schema(operation_id="budgets_get", summary="Get one budget",
                   responses=BudgetSerializer, tags=["billing"])
    def get(self, request: Request, budget_id: int) -> Response:
        """One budget."""
        return Response(_budget(budgets.budget(caller_of(request), budget_id)))

    @extend_schema(operation_id="budgets_update", summary="Change a budget",
                   request=BudgetChangeSerializer, responses=BudgetSerializer,
                   tags=["billing"])
    def patch(self, request: Request, budget_id: int) -> Response:
        """Changes what is given; alerts that fired stay fired."""
        org_id = caller_of(request)
        given = _given(BudgetChangeSerializer, request)
        if "amount" in given:
            given["amount_minor"] = _minor(given.pop("amount"), services.open_account(org_id=org_id).currency)
        return Response(_budget(budgets.change_budget(org_id=org_id, budget_id=budget_id, **given)))

    @extend_schema(operation_id="budgets_delete", summary="Remove a budget",
                   responses={204: None}, tags=["billing"])
    def delete(self, request: Request, budget_id: int) -> Response:
        """It limits and tells nothing any more."""
        budgets.remove_budget(org_id=caller_of(request), budget_id=budget_id)
        return Response(status=204)


class BudgetAlertsView(APIView):
    @extend_schema(operation_id="budgets_alerts", summary="List the alerts of a budget",
                   responses=BudgetAlertListSerializer, tags=["billing"])
    def get(self, request: Request) -> Response:
        """What fired, newest first."""
        org_id = caller_of(request)
        account = services.open_account(org_id=org_id)
        return Response({"data": [_alert(alert, account.currency) for alert in budgets.alerts(org_id)]})


urlpatterns = [
    path("budgets", BudgetsView.as_view(), name="budgets"),
    path("budgets/alerts", BudgetAlertsView.as_view(), name="budget-alerts"),
    path("budgets/<int:budget_id>", BudgetView.as_view(), name="budget"),
]


def _given(form: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    found = form(data=request.data)
    if not found.is_valid():
        raise Problem("validation_error", "this budget can't be", errors=[
            FieldError(f"/{name}", str(details[0])) for name, details in found.errors.items()])
    values = dict(found.validated_data)
    if "thresholds" in values:
        values["thresholds"] = tuple(values["thresholds"])
    return values


def _minor(text: str, currency: str) -> int:
    """Whole minor units of an amount in the currency's unit; no more decimals than the currency has."""
    try:
        amount = Decimal(text).scaleb(EXPONENTS[currency])
        if not amount.is_finite() or amount != amount.to_integral_value() or not 0 <= amount < 1 << 53:
            raise InvalidOperation
        return int(amount)
    except InvalidOperation:
        raise Problem("validation_error", "this budget can't be", errors=[
            FieldError("/amount", f"0 or more {currency} with at most {EXPONENTS[currency]} decimals")]) from None


def _budget(view: budgets.BudgetView) -> dict[str, object]:
    return {
        "object": "budget", "id": str(view.id), "name": view.name, "key_id": view.key_id, "window": view.window,
        "amount": major_text(Decimal(view.amount_minor), view.currency), "currency": view.currency, "hard": view.hard,
        "thresholds": list(view.thresholds), "spent": major_text(view.spent_minor, view.currency),
        "period_start": view.period_start, "alerts": [_alert(alert, view.currency) for alert in view.alerts]}


def _alert(alert: budgets.AlertView, currency: str) -> dict[str, object]:
    return {"budget": str(alert.budget_id), "period_start": alert.period_start, "threshold": alert.threshold,
            "spent": major_text(alert.spent_minor, currency), "fired_at": alert.fired_at}
