"""Who may do what: each operation of the OpenAPI document × eight kinds of callers.

The table is written by hand and read against the document: an operation without a row fails, and so does a row whose
operation is gone. What the code's own table says is not asked: the answers of the API are.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from kernel import ids
from marketplace.accounts import services, teams
from marketplace.accounts.models import Membership, User
from marketplace.accounts.permissions import OPERATIONS, SCOPES, operation
from tests.marketplace.conftest import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.stack]

DOCUMENT = json.loads((Path(__file__).resolve().parents[2] / "sdk" / "openapi.json").read_text())
ROLES = ("owner", "admin", "developer", "billing", "viewer")
CALLERS = (*ROLES, "scoped key", "staff", "anonymous")

# Each row: which members may (O A D B V), and the scope that a key needs; "*" is any key, "-" is none.
# No member: by key only; the console has pages of its own for it.
EVERYBODY = ("OADBV", "public")
READS, RUNS, BUILDS, PAYS, SEES_MONEY = "OADBV", "OAD", "OAD", "OAB", "OAB"
MATRIX: dict[str, tuple[str, str]] = {
    "account_retrieve": (READS, "*"), "audit_log_list": ("OA", "-"),
    "api_keys_list": (READS, "keys:admin"), "api_keys_create": (BUILDS, "keys:admin"),
    "api_keys_revoke": (BUILDS, "keys:admin"), "api_keys_rotate": (BUILDS, "keys:admin"),
    "key_leaks_report": EVERYBODY, "api_keys_set_team": (BUILDS, "keys:admin"),
    **dict.fromkeys(("teams_list", "teams_create", "teams_retrieve", "teams_update", "teams_delete", "teams_set_people",
                     "service_accounts_list", "service_accounts_create", "service_accounts_disable"), ("OA", "-")),
    "service_accounts_create_key": (BUILDS, "keys:admin"),
    "subscriptions_list": (READS, "billing"), "subscriptions_create": ("OADB", "billing"),
    "subscriptions_delete": ("OADB", "billing"),
    "access_requests_list": (READS, "billing"), "access_requests_create": ("OADB", "billing"),
    "access_requests_delete": ("OADB", "billing"), "provider_access_requests_list": (READS, "models:read"),
    **dict.fromkeys(("provider_access_requests_approve", "provider_access_requests_refuse",
                     "provider_access_requests_withdraw"), (BUILDS, "models:write")),
    "models_list": EVERYBODY, "models_retrieve": EVERYBODY, "models_schema": EVERYBODY,
    "model_versions_list": EVERYBODY, "model_versions_retrieve": EVERYBODY,
    "models_create": (BUILDS, "models:write"), "models_update": (BUILDS, "models:write"),
    "models_delete": (BUILDS, "models:write"), "models_inspect": (BUILDS, "models:write"),
    "model_versions_create": (BUILDS, "models:write"), "model_versions_report": (READS, "models:read"),
    "model_versions_diff": (READS, "models:read"), "model_versions_activate": (BUILDS, "models:deploy"),
    "model_versions_retire": (BUILDS, "models:deploy"), "model_versions_deprecate": (BUILDS, "models:write"),
    "model_aliases_list": (READS, "models:read"), "model_aliases_set": (BUILDS, "models:deploy"),
    "model_aliases_delete": (BUILDS, "models:deploy"), "models_traffic": (READS, "models:read"),
    "models_set_traffic": (BUILDS, "models:deploy"), "models_traffic_history": (READS, "models:read"),
    "models_deployment": (READS, "models:read"), "models_deploy": (BUILDS, "models:deploy"),
    "models_canaries": (READS, "models:read"), "models_start_canary": (BUILDS, "models:deploy"),
    "models_cancel_canary": (BUILDS, "models:deploy"), "models_record_outcomes": (BUILDS, "models:deploy"),
    "models_experiment": (READS, "models:read"),
    "models_rollback": (BUILDS, "models:deploy"), "models_publish": (BUILDS, "models:write"),
    "models_import": (BUILDS, "models:write"), "model_versions_compress": (BUILDS, "models:write"),
    "models_publication": (READS, "models:read"), "models_withdraw": (BUILDS, "models:write"),
    "own_models_list": (READS, "models:read"), "own_models_retrieve": (READS, "models:read"),
    "predictions_create": (RUNS, "predict"), "images_classify": ("", "predict"), "images_analyze": ("", "predict"),
    "predictions_list": (READS, "predict"), "predictions_retrieve": (READS, "predict"),
    "predictions_events": (READS, "predict"), "predictions_cancel": (RUNS, "predict"),
    "batches_list": (READS, "predict"), "batches_create": (RUNS, "predict"), "batches_retrieve": (READS, "predict"),
    "batches_cancel": (RUNS, "predict"),
    "files_list": (RUNS, "files"), "files_create": (RUNS, "files"), "files_retrieve": (RUNS, "files"),
    "files_delete": (RUNS, "files"), "files_content": (RUNS, "files"), "uploads_create": (RUNS, "files"),
    "uploads_retrieve": (RUNS, "files"), "uploads_put_part": (RUNS, "files"), "uploads_complete": (RUNS, "files"),
    "uploads_cancel": (RUNS, "files"),
    "webhook_deliveries_list": (BUILDS, "webhooks"), "webhook_deliveries_replay": (BUILDS, "webhooks"),
    "webhook_endpoints_list": (BUILDS, "webhooks"), "webhook_endpoints_create": (BUILDS, "webhooks"),
    "webhook_endpoints_delete": (BUILDS, "webhooks"), "webhook_endpoints_test": (BUILDS, "webhooks"),
    "webhook_secrets_retrieve": (BUILDS, "webhooks"), "webhook_secrets_rotate": (BUILDS, "webhooks"),
    "pricing_estimate": (READS, "billing"),
    "usage_list": (SEES_MONEY, "billing"), "usage_events_list": (SEES_MONEY, "billing"),
    "usage_receipt": (SEES_MONEY, "billing"),
    "billing_account_get": (SEES_MONEY, "billing"), "payment_methods_list": (SEES_MONEY, "billing"),
    "billing_plans_list": (SEES_MONEY, "billing"), "billing_plan_choose": ("", "billing"),
    "top_ups_create": ("", "billing"), "wallet_get": (SEES_MONEY, "billing"),
    "budgets_list": (SEES_MONEY, "billing"), "budgets_create": (PAYS, "billing"),
    "budgets_get": (SEES_MONEY, "billing"),
    "budgets_update": (PAYS, "billing"), "budgets_delete": (PAYS, "billing"), "budgets_alerts": (SEES_MONEY, "billing"),
    "invoices_list": (SEES_MONEY, "billing"), "invoices_get": (SEES_MONEY, "billing"),
    "invoices_file": (SEES_MONEY, "billing"), "invoices_line_events": (SEES_MONEY, "billing"),
    "invoices_receipts": (SEES_MONEY, "billing"),
    "provider_earnings_list": (SEES_MONEY, "billing"), "provider_payouts_list": (SEES_MONEY, "billing"),
}


# With a key these are the gateway's, before Django: here a key that may is told so, one that may not is refused first.
AT_THE_GATEWAY = {"predictions_create", "images_classify", "images_analyze"}
SERVED = "served by the gateway"


def operations() -> dict[str, tuple[str, str]]:
    """operationId → (method, path), of the document."""
    return {found["operationId"]: (method.upper(), path)
            for path, item in DOCUMENT["paths"].items() for method, found in item.items()
            if isinstance(found, dict) and "operationId" in found}


def test_each_operation_of_the_document_has_a_row_here_and_in_the_code() -> None:
    found = operations()
    assert set(found) - set(MATRIX) == set(), "an operation without a row"
    assert set(MATRIX) - set(found) == set(), "a row without an operation"
    assert {operation(method, path) for method, path in found.values()} - set(OPERATIONS) == set()


@pytest.fixture
def house(db: None) -> dict[Any, Any]:
    """One organization with a member of each role, a stranger's, and somebody of the staff who is no member."""
    people = {role: User(email=f"{role}@example.com") for role in ROLES}
    people["staff"] = User(email="staff@example.com", is_staff=True)
    for person in people.values():
        person.set_unusable_password()
        person.save()
    org = services.create_organization(name="House", owner=people["owner"])
    for role in ROLES[1:]:
        Membership.objects.create(organization=org, user=people[role], role=role)
    return {"org": org, **people}


def _path(template: str) -> str:
    """The address of something that is not there."""
    filled = template.replace("{event_id}", "018f0000-0000-7000-8000-000000000000")
    for name, value in (("key_id", "987654"), ("team_id", "987654"), ("account_id", "987654"),
                        ("budget_id", "987654"), ("invoice_id", "987654"), ("line", "1"),
                        ("number", "1"), ("kind", "pdf"), ("model", "no-such-model"), ("version", "1"),
                        ("alias", "stable"),
                        ("subscription_id", "987654"), ("request_id", "987654"),
                        ("prediction_id", ids.prefixed("pred")), ("batch_id", ids.prefixed("batch")),
                        ("file_id", ids.prefixed("file")), ("upload_id", ids.prefixed("upload")),
                        ("delivery_id", "no-such-delivery"), ("endpoint_id", ids.prefixed("whe"))):
        filled = filled.replace("{" + name + "}", value)
    assert not re.search(r"[{}]", filled), f"give {filled} a value"
    return filled


def _ask(client: APIClient, method: str, path: str) -> tuple[int, str, str]:
    """Status, problem code and detail."""
    answer = client.generic(method, _path(path), "{}" if method != "GET" else "", content_type="application/json")
    text = "" if answer.streaming else answer.content.decode("utf-8", "replace")
    if not answer.headers.get("Content-Type", "").endswith("json") or not text.startswith("{"):
        return answer.status_code, "", ""
    document = json.loads(text)
    return answer.status_code, document.get("code", ""), document.get("detail", "")


@pytest.mark.parametrize("caller", CALLERS)
def test_the_matrix(house: dict[Any, Any], caller: str) -> None:
    wrong = {}
    for name, (method, path) in operations().items():
        members, scope = MATRIX[name]
        for client, expected in _clients(house, caller, members, scope):
            status, code, detail = _ask(client, method, path)
            denied = {"401": "invalid_api_key", "role": "permission_denied", "scope": "insufficient_scope",
                      "person": "permission_denied"}.get(expected)
            if caller == "scoped key" and expected == "yes" and name in AT_THE_GATEWAY:
                good = status == 403 and SERVED in detail
            elif denied is None:
                good = status not in (401, 405) and code not in ("permission_denied", "insufficient_scope",
                                                                 "invalid_api_key") and status < 500
            else:
                refused = (401 if expected == "401" else 403, denied)
                good = (status, code) == refused and (SERVED not in detail or name in AT_THE_GATEWAY)
            if not good:
                wrong[name, expected] = (status, code)
    assert wrong == {}


def _clients(house: dict[Any, Any], caller: str, members: str, scope: str) -> list[tuple[APIClient, str]]:
    """Those who ask, and what they are to hear: "yes", or the kind of refusal."""
    if caller == "anonymous":
        return [(APIClient(), "yes" if scope == "public" else "401")]
    if caller == "scoped key":
        if scope == "public":
            return [(_with_key(house, ("predict",)), "yes")]
        if scope == "-":
            return [(_with_key(house, SCOPES), "person")]
        if scope == "*":
            return [(_with_key(house, ("files",)), "yes")]
        rest = tuple(s for s in SCOPES if s != scope)
        return [(_with_key(house, (scope,)), "yes"), (_with_key(house, rest), "scope")]
    client = _signed_in(house, caller)
    if caller == "staff":
        return [(client, "yes" if scope == "public" else "role")]
    return [(client, "yes" if caller[0].upper() in members else "role")]


def _signed_in(house: dict[Any, Any], who: str) -> APIClient:
    if ("client", who) not in house:
        house["client", who] = sign_in(APIClient(), house[who])
    client: APIClient = house["client", who]
    return client


def _with_key(house: dict[Any, Any], scopes: tuple[str, ...]) -> APIClient:
    known = house.setdefault("keys", {})
    if scopes not in known:
        _, known[scopes] = services.create_api_key(org=house["org"], actor=house["owner"], name="k", scopes=scopes)
    return APIClient(headers={"X-API-Key": known[scopes]})


def test_a_foreign_object_answers_exactly_like_an_unknown_one(house: dict[Any, Any]) -> None:
    """Another organization's key, and a key that never was: the same answer but for the id of the request."""
    other = User.objects.create(email="other@example.com")
    theirs = services.create_organization(name="Theirs", owner=other)
    foreign, _ = services.create_api_key(org=theirs, actor=other, name="theirs")
    client = _signed_in(house, "owner")
    for method, tail in (("DELETE", ""), ("POST", "/rotate")):
        answers = []
        for key_id in (foreign.pk, 987654):
            answer = client.generic(method, f"/api/v1/api-keys/{key_id}{tail}", "{}", content_type="application/json")
            document = answer.json()
            document.pop("request_id")
            answers.append((answer.status_code, document))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
    foreign.refresh_from_db()
    assert foreign.active


def test_teams_and_service_accounts_by_the_api(house: dict[Any, Any]) -> None:
    client = _signed_in(house, "owner")
    made = client.post("/api/v1/teams", {"name": "Vision", "monthly_limit_minor": 5000}, format="json")
    assert made.status_code == 201, made.content
    team = f"/api/v1/teams/{made.json()['id']}"
    assert client.post("/api/v1/teams", {"name": "Vision"}, format="json").json()["code"] == "name_taken"
    assert client.put(f"{team}/people", {"people": [house["developer"].pk]}, format="json").json()["people"] == [
        house["developer"].pk]
    key = client.post("/api/v1/api-keys", {"name": "ci"}, format="json").json()
    assert client.put(f"/api/v1/api-keys/{key['id']}/team", {"team_id": made.json()["id"]},
                      format="json").status_code == 200
    assert client.get(team).json()["api_keys"] == [key["id"]]
    renamed = client.put(team, {"name": "Seeing", "monthly_limit_minor": None}, format="json").json()
    assert (renamed["name"], renamed["monthly_limit_minor"]) == ("Seeing", None)
    robot = client.post("/api/v1/service-accounts", {"name": "deploys", "role": "viewer"}, format="json").json()
    keys = f"/api/v1/service-accounts/{robot['id']}/api-keys"
    beyond = client.post(keys, {"name": "k", "scopes": ["billing"]}, format="json")
    assert (beyond.status_code, beyond.json()["code"]) == (403, "insufficient_scope")
    held = client.post(keys, {"name": "k", "scopes": ["models:read"]}, format="json").json()
    assert held["secret"].startswith("tsr_live_")
    assert client.delete(f"/api/v1/service-accounts/{robot['id']}").status_code == 204
    assert client.get("/api/v1/service-accounts").json()["data"][0]["disabled_at"] is not None
    assert client.delete(team).status_code == 204
    assert client.get("/api/v1/teams").json() == {"data": []}


def test_another_organization_s_team_and_service_account_are_as_unknown_as_none(house: dict[Any, Any]) -> None:
    other = User.objects.create(email="other2@example.com")
    theirs = services.create_organization(name="Theirs", owner=other)
    team = teams.create_team(org=theirs, actor=other, name="T")
    robot = teams.create_service_account(org=theirs, actor=other, name="R", role="viewer")
    client = _signed_in(house, "owner")
    asked = [("GET", "teams/{}", team.pk, {}), ("PUT", "teams/{}", team.pk, {"name": "x"}),
             ("DELETE", "teams/{}", team.pk, {}), ("PUT", "teams/{}/people", team.pk, {"people": []}),
             ("DELETE", "service-accounts/{}", robot.pk, {}),
             ("POST", "service-accounts/{}/api-keys", robot.pk, {"name": "k"})]
    for method, path, number, body in asked:
        seen = []
        for each in (number, 987654):
            answer = client.generic(method, f"/api/v1/{path.format(each)}", json.dumps(body),
                                    content_type="application/json")
            document = answer.json()
            document.pop("request_id")
            seen.append((answer.status_code, document))
        assert seen[0] == seen[1], path
        assert seen[0][0] == 404, path
