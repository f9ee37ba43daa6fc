"""Budgets: alerts that fire once, hard ones in the grants, and nobody sees another's."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from billing_kit import NOON, event
from django.db import connection, connections
from django.test import Client

from billing import budgets, ledger
from billing.models import AlertFired, Mail
from kernel import bus, clock
from kernel.contracts import Limit
from kernel.facts import BudgetReached, GrantsChanged
from kernel.problems import Problem

pytestmark = [pytest.mark.stack, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=3))


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was published, instead of the listeners."""
    found: list[object] = []
    monkeypatch.setattr(bus, "publish", found.append)
    return found


def spend(org_id: int, amount: str, **fields: Any) -> None:
    """An entry of the ledger over `amount` minor units."""
    with connection.cursor() as cursor:
        cursor.execute(ledger.INSERT, ledger.rows([event(org_id=org_id, unit_amount=Decimal(amount), **fields)]))


def test_each_threshold_is_told_once_a_window(organization: Any, facts: list[object],
                                              django_capture_on_commit_callbacks: Any,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        budget = budgets.create_budget(org_id=organization.pk, name="November", amount_minor=1000,
                                       thresholds=(100, 50, 80, 50))
        assert budget.thresholds == (50, 80, 100)
        assert budgets.fire_alerts() == 0
        spend(organization.pk, "499.999999")
        assert budgets.fire_alerts() == 0, "just below"
        spend(organization.pk, "0.000001")
        assert [budgets.fire_alerts(), budgets.fire_alerts()] == [1, 0]
        spend(organization.pk, "600")
        assert [budgets.fire_alerts(), budgets.fire_alerts()] == [2, 0]
    reached = [fact for fact in facts if isinstance(fact, BudgetReached)]
    assert [(fact.budget_id, fact.threshold, fact.period_start) for fact in reached] == [
        (budget.id, threshold, "2026-11-01") for threshold in (50, 80, 100)]
    letters = list(Mail.objects.filter(ref__startswith="budget-").order_by("pk"))
    assert [letter.subject for letter in letters] == [
        f"Budget “November”: {threshold} % are used" for threshold in (50, 80, 100)]
    assert "5.00 USD of 10.00 USD" in letters[0].body
    assert "11.00 USD of 10.00 USD" in letters[2].body
    assert [(alert.threshold, alert.spent_minor) for alert in budgets.alerts(organization.pk)] == [
        (100, Decimal(1100)), (80, Decimal(1100)), (50, Decimal(500))]

    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(days=30))
    assert budgets.fire_alerts() == 0, "the next month begins at 0"
    spend(organization.pk, "500", occurred_at=NOON + timedelta(days=30))
    assert budgets.fire_alerts() == 1


def test_a_key_and_a_day_count_only_their_own(organization: Any) -> None:
    of_key = budgets.create_budget(org_id=organization.pk, name="key", amount_minor=100, key_id=12, window="day")
    of_day = budgets.create_budget(org_id=organization.pk, name="day", amount_minor=100, window="day")
    spend(organization.pk, "70", key_id=11)
    spend(organization.pk, "60", key_id=12, occurred_at=NOON - timedelta(days=1))
    spend(organization.pk, "55", key_id=12)
    spend(organization.pk, "900", key_id=12, mode="test")
    spend(organization.pk + 1, "900", key_id=12)
    assert budgets.fire_alerts() == 4
    fired = {budget_id: {alert.threshold for alert in budgets.alerts(organization.pk) if alert.budget_id == budget_id}
             for budget_id in (of_key.id, of_day.id)}
    assert fired == {of_key.id: {50}, of_day.id: {50, 80, 100}}


def test_hard_budgets_are_limits_of_the_grants(organization: Any, facts: list[object],
                                               django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        soft = budgets.create_budget(org_id=organization.pk, name="soft", amount_minor=700)
        budgets.create_budget(org_id=organization.pk, name="day", amount_minor=100, window="day", hard=True)
        budgets.create_budget(org_id=organization.pk, name="key", amount_minor=50, key_id=11, hard=True)
    assert facts == [GrantsChanged(organization.pk)] * 3
    assert budgets.hard_limits(organization.pk) == {None: (Limit("org", "day", 100),), 11: (Limit("key", "month", 50),)}
    budgets.change_budget(org_id=organization.pk, budget_id=soft.id, hard=True, amount_minor=650)
    assert Limit("org", "month", 650) in budgets.hard_limits(organization.pk)[None]
    budgets.remove_budget(org_id=organization.pk, budget_id=soft.id)
    assert budgets.hard_limits(organization.pk)[None] == (Limit("org", "day", 100),)


def test_a_removed_budget_tells_nothing_and_stays_in_the_history(organization: Any) -> None:
    budget = budgets.create_budget(org_id=organization.pk, name="gone", amount_minor=10)
    spend(organization.pk, "6")
    assert budgets.fire_alerts() == 1
    budgets.remove_budget(org_id=organization.pk, budget_id=budget.id)
    spend(organization.pk, "6")
    assert budgets.fire_alerts() == 0
    assert [alert.threshold for alert in budgets.alerts(organization.pk)] == [50]
    with pytest.raises(Problem, match="not_found"):
        budgets.budget(organization.pk, budget.id)


@pytest.mark.parametrize(("field", "value"), [
    ("name", " "), ("name", "x" * 81), ("amount_minor", -1), ("window", "week"), ("thresholds", (0,)),
    ("thresholds", (1001,)), ("thresholds", tuple(range(1, 12)))])
def test_what_can_not_be_is_refused(organization: Any, field: str, value: Any) -> None:
    given = {"name": "a", "amount_minor": 1, field: value}
    with pytest.raises(Problem) as caught:
        budgets.create_budget(org_id=organization.pk, **given)
    assert [error.pointer for error in caught.value.errors] == [f"/{field.removesuffix('_minor')}"]


@pytest.mark.django_db(transaction=True)
def test_two_scans_at_once_tell_once(organization: Any) -> None:
    budgets.create_budget(org_id=organization.pk, name="race", amount_minor=10, thresholds=(10, 20, 30, 40, 50))
    spend(organization.pk, "6")
    gate, told = threading.Barrier(4), list[int]()

    def scan() -> None:
        gate.wait()
        told.append(budgets.fire_alerts())
        connections.close_all()

    scans = [threading.Thread(target=scan) for _ in range(4)]
    for one in scans:
        one.start()
    for one in scans:
        one.join()
    assert sum(told) == 5
    assert AlertFired.objects.count() == Mail.objects.filter(ref__startswith="budget-").count() == 5


class TestApi:
    """The addresses, as a member of an organization and as a stranger."""

    @pytest.fixture
    def member(self, organization: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
        return self.as_member_of(organization.pk, monkeypatch)

    @staticmethod
    def as_member_of(org_id: int, monkeypatch: pytest.MonkeyPatch) -> Client:
        from rest_framework.permissions import AllowAny
        from rest_framework.views import APIView

        from billing import budgets_api

        monkeypatch.setattr(budgets_api, "caller_of", lambda request: org_id)
        monkeypatch.setattr(APIView, "permission_classes", [AllowAny])
        return Client()

    def test_a_budget_is_made_read_changed_and_removed(self, member: Client) -> None:
        made = member.post("/api/v1/budgets", {"name": "All", "amount": "12.50", "hard": True},
                           content_type="application/json")
        assert made.status_code == 201, made.content
        body = made.json()
        assert {name: body[name] for name in ("amount", "currency", "hard", "thresholds", "spent", "window")} == {
            "amount": "12.5", "currency": "USD", "hard": True, "thresholds": [50, 80, 100], "spent": "0",
            "window": "month"}
        assert member.get("/api/v1/budgets").json() == {"data": [body]}
        changed = member.patch(f"/api/v1/budgets/{body['id']}", {"amount": "20", "hard": False},
                               content_type="application/json").json()
        assert (changed["amount"], changed["hard"], changed["name"]) == ("20", False, "All")
        assert member.delete(f"/api/v1/budgets/{body['id']}").status_code == 204
        assert member.get(f"/api/v1/budgets/{body['id']}").status_code == 404
        assert member.get("/api/v1/budgets/alerts").json() == {"data": []}

    @pytest.mark.parametrize("amount", ["-1", "1.005", "many", "NaN", "1e40", ""])
    def test_an_amount_is_money(self, member: Client, amount: str) -> None:
        answer = member.post("/api/v1/budgets", {"name": "All", "amount": amount}, content_type="application/json")
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/amount"]

    def test_a_stranger_finds_nothing(self, organization: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from django.apps import apps

        budget = budgets.create_budget(org_id=organization.pk, name="ours", amount_minor=10)
        other = apps.get_model("accounts", "Organization").objects.create(name="Other", slug="other")
        stranger = self.as_member_of(other.pk, monkeypatch)
        assert stranger.get("/api/v1/budgets").json() == {"data": []}
        for call in (stranger.get, stranger.delete):
            assert call(f"/api/v1/budgets/{budget.id}").status_code == 404
        assert stranger.patch(f"/api/v1/budgets/{budget.id}", {"amount": "1"},
                              content_type="application/json").status_code == 404
        assert budgets.budget(organization.pk, budget.id).amount_minor == 10
