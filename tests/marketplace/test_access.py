"""Gated models: who asks, who decides, what a decision does to the keys, and what nobody gets around."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from rest_framework.test import APIClient

from kernel.facts import AccountClosed, VersionPublished
from kernel.problems import Problem
from marketplace.accounts.models import AuditEntry
from marketplace.listings import access_requests, grants, selectors, services, trials
from marketplace.listings.models import AccessRequest, Subscription
from model_registry.models import Model
from tests.marketplace.conftest import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.stack]
MODEL = "face-detect"
WHY = "We count visitors of our own shop."


@pytest.fixture
def gated(shelf: Any, account: Any) -> dict[str, Any]:
    """A gated model, its provider, and an organization that would like to call it."""
    maker, provider = account()
    owner, org = account()
    Model.objects.filter(name=MODEL).update(owner=provider, access="gated")
    return {"maker": maker, "provider": provider, "owner": owner, "org": org}


def refused(act: Any, **words: Any) -> tuple[int, str]:
    with pytest.raises(Problem) as raised:
        act(**words)
    return raised.value.status, raised.value.code


def test_a_request_is_approved_and_the_subscription_is_live(gated, wired, django_capture_on_commit_callbacks):
    org, owner = gated["org"], gated["owner"]
    assert refused(services.subscribe, org=org, model=MODEL, plan="payg", actor=owner) == (403, "approval_required")
    with django_capture_on_commit_callbacks(execute=True):
        asked = access_requests.ask(org=org, model=MODEL, purpose=f"  {WHY} ", plan="free", actor=owner)
    assert (asked.state, asked.purpose, asked.who) == ("waiting", WHY, owner.email)
    assert access_requests.ask(org=org, model=MODEL, purpose="Again.", actor=owner).pk == asked.pk
    letter = mail.outbox[-1]
    assert letter.to == [gated["maker"].email]
    assert (org.name in letter.subject, WHY in letter.body, f"/provider/models/{MODEL}/access/" in letter.body) == (
        True, True, True)
    assert refused(services.subscribe, org=org, model=MODEL, plan="payg", actor=owner) == (403, "approval_required")

    with django_capture_on_commit_callbacks(execute=True):
        access_requests.approve(org=gated["provider"], request_id=asked.pk, actor=gated["maker"])
    assert selectors.subscribed_models(org) == (MODEL,)
    assert selectors.subscription(org, MODEL).plan == "free"
    assert mail.outbox[-1].to == [owner.email]
    assert {g.models for g in grants.build_grants(org)} <= {(MODEL,)}
    assert refused(access_requests.ask, org=org, model=MODEL, purpose="More.", actor=owner) == (409, "invalid_state")
    services.unsubscribe(org=org, model=MODEL, actor=owner)  # and once let in, it may come back by itself
    assert services.subscribe(org=org, model=MODEL, plan="payg", actor=owner).plan == "payg"
    said = [entry.action for entry in AuditEntry.objects.filter(organization=org).order_by("number")]
    assert [word for word in said if word.startswith("access")] == ["access.requested", "access.approved"]


def test_access_is_taken_back_at_once(gated, wired, django_capture_on_commit_callbacks):
    org, owner, provider, maker = (gated[word] for word in ("org", "owner", "provider", "maker"))
    asked = access_requests.ask(org=org, model=MODEL, purpose=WHY, actor=owner)
    access_requests.approve(org=provider, request_id=asked.pk, actor=maker)
    with django_capture_on_commit_callbacks(execute=True):
        access_requests.withdraw(org=provider, request_id=asked.pk, reason="You resell it.", actor=maker)
    assert selectors.subscribed_models(org) == ()
    assert mail.outbox[-1].to == [owner.email]
    assert "You resell it." in mail.outbox[-1].body
    assert refused(services.subscribe, org=org, model=MODEL, plan="payg", actor=owner) == (403, "approval_required")
    assert refused(access_requests.withdraw, org=provider, request_id=asked.pk, reason="x", actor=maker) == (
        409, "invalid_state")
    assert access_requests.ask(org=org, model=MODEL, purpose="Sorry.", actor=owner).pk != asked.pk


def test_a_refusal_has_a_reason_and_a_request_can_be_taken_back(gated):
    org, owner, provider, maker = (gated[word] for word in ("org", "owner", "provider", "maker"))
    asked = access_requests.ask(org=org, model=MODEL, purpose=WHY, actor=owner)
    assert refused(access_requests.refuse, org=provider, request_id=asked.pk, reason=" ", actor=maker) == (
        422, "validation_error")
    found = access_requests.refuse(org=provider, request_id=asked.pk, reason="Not for shops.", actor=maker)
    assert (found.state, found.reason, found.decided_at is not None) == ("refused", "Not for shops.", True)
    assert Subscription.objects.count() == 0
    again = access_requests.ask(org=org, model=MODEL, purpose="For a museum.", actor=owner)
    access_requests.cancel(org=org, request_id=again.pk, actor=owner)
    assert refused(access_requests.approve, org=provider, request_id=again.pk, actor=maker) == (409, "invalid_state")
    assert refused(access_requests.ask, org=org, model=MODEL, purpose="x" * 2001, actor=owner) == (
        422, "validation_error")


def test_strangers_decide_nothing_and_open_models_ask_nobody(gated, account):
    org, owner = gated["org"], gated["owner"]
    stranger, other = account()
    asked = access_requests.ask(org=org, model=MODEL, purpose=WHY, actor=owner)
    for act, words in ((access_requests.approve, {}), (access_requests.refuse, {"reason": "x"}),
                       (access_requests.withdraw, {"reason": "x"})):
        assert refused(act, org=other, request_id=asked.pk, actor=stranger, **words) == (404, "not_found")
        assert refused(act, org=org, request_id=asked.pk, actor=owner, **words) == (404, "not_found")
    assert refused(access_requests.cancel, org=other, request_id=asked.pk, actor=stranger) == (404, "not_found")
    assert list(selectors.access_requests_to(other)) == []
    assert list(selectors.access_requests_to(gated["provider"], model=MODEL, state="waiting")) == [asked]
    assert refused(access_requests.ask, org=org, model="language.id", purpose=WHY, actor=owner) == (
        409, "invalid_state")
    assert refused(access_requests.ask, org=gated["provider"], model=MODEL, purpose=WHY, actor=gated["maker"]) == (
        409, "invalid_state")


def test_no_other_door_leads_to_a_gated_model(gated):
    org, owner = gated["org"], gated["owner"]
    assert services.subscribe_to_all(org=org, plan="payg", actor=owner) == 3
    assert MODEL not in selectors.subscribed_models(org)
    assert refused(trials._refuse_gated, org=org, names=["language.id", MODEL]) == (403, "approval_required")


def test_who_was_there_before_the_gate_stays_until_the_provider_says_no(gated):
    org, owner, provider, maker = (gated[word] for word in ("org", "owner", "provider", "maker"))
    Model.objects.filter(name=MODEL).update(access="open")
    services.subscribe(org=org, model=MODEL, plan="payg", actor=owner)
    Model.objects.filter(name=MODEL).update(access="gated")
    for _ in range(2):
        access_requests.on_version_published(VersionPublished(MODEL, 1))
    kept = AccessRequest.objects.get()
    assert (kept.organization, kept.state, kept.who) == (org, "approved", "")
    assert services.subscribe(org=org, model=MODEL, plan="free", actor=owner).plan == "free"
    access_requests.withdraw(org=provider, request_id=kept.pk, reason="Closed.", actor=maker)
    assert selectors.subscribed_models(org) == ()
    access_requests.forget(AccountClosed(org.pk))
    assert AccessRequest.objects.count() == 0


def test_the_rest_of_it_by_the_api(gated):
    asks, decides = sign_in(APIClient(), gated["owner"]), sign_in(APIClient(), gated["maker"])
    denied = asks.post("/api/v1/subscriptions", {"model": MODEL}, format="json")
    assert (denied.status_code, denied.json()["code"], denied.json()["model"]) == (403, "approval_required", MODEL)
    assert asks.get(f"/api/v1/models/{MODEL}").json()["gated"] is True
    made = asks.post("/api/v1/access-requests", {"model": MODEL, "purpose": WHY}, format="json")
    assert made.status_code == 201, made.content
    number = made.json()["id"]
    assert {word: made.json()[word] for word in ("model", "plan", "purpose", "request_state", "person")} == {
        "model": MODEL, "plan": "payg", "purpose": WHY, "request_state": "waiting", "person": gated["owner"].email}
    assert asks.get("/api/v1/provider/access-requests").json()["data"] == []
    seen = decides.get(f"/api/v1/provider/access-requests?model={MODEL}&state=waiting").json()["data"]
    assert [(row["id"], row["organization"]) for row in seen] == [(number, gated["org"].name)]
    path = f"/api/v1/provider/access-requests/{number}"
    assert asks.post(f"{path}/approve", {}, format="json").json()["code"] == "not_found"
    assert decides.post(f"{path}/refuse", {}, format="json").status_code == 422
    assert decides.post(f"{path}/approve", {}, format="json").json()["request_state"] == "approved"
    assert [row["model"] for row in asks.get("/api/v1/subscriptions").json()["data"]] == [MODEL]
    over = decides.post(f"{path}/withdraw", {"reason": "Over."}, format="json").json()
    assert (over["request_state"], over["reason"]) == ("withdrawn", "Over.")
    assert asks.get("/api/v1/subscriptions").json()["data"] == []
    again = asks.post("/api/v1/access-requests", {"model": MODEL, "purpose": WHY}, format="json").json()["id"]
    assert asks.delete(f"/api/v1/access-requests/{again}").status_code == 204
    states = [row["request_state"] for row in asks.get("/api/v1/access-requests").json()["data"]]
    assert states == ["canceled", "withdrawn"]
