from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from marketplace.accounts import services as accounts

pytestmark = [pytest.mark.django_db, pytest.mark.stack]


@pytest.fixture
def keyed(account):
    """A client with a key of these scopes, and its organization."""
    def make(*scopes: str) -> tuple[APIClient, object]:
        owner, org = account()
        _, secret = accounts.create_api_key(org=org, actor=owner, name="t", scopes=scopes or ("predict",))
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client, org
    return make


def test_anyone_reads_the_catalogue(shelf):
    client = APIClient()
    answer = client.get("/api/v1/models", {"search": "发票", "limit": 1}).json()
    assert answer["data"][0]["name"] == "invoice-extract"
    assert answer["data"][0]["price"]["amount"] == "0.0015"
    assert answer["facets"]["task"][0]["count"] >= 1
    detail = client.get("/api/v1/models/language.id").json()
    assert detail["manifest"]["name"] == "language.id"
    schema = client.get("/api/v1/models/face-detect/schema").json()
    assert schema["input"]["required"] == ["image"]
    assert schema["parameters"]["properties"]["threshold"] == {
        "type": "number", "default": 0.5, "minimum": 0, "maximum": 1}
    assert client.get("/api/v1/models/face-detect/versions").json()["data"][0]["version"] == 1
    assert client.get("/api/v1/models/face-detect/versions/1").status_code == 200
    for path in ("/api/v1/models/none", "/api/v1/models/face-detect/versions/9"):
        answer = client.get(path)
        assert (answer.status_code, answer["content-type"]) == (404, "application/problem+json")


def test_keys_live_and_die(keyed):
    client, org = keyed("keys:admin", "predict")
    made = client.post("/api/v1/api-keys", {"name": "ci", "scopes": ["predict"]}, format="json")
    assert made.status_code == 201
    secret, key_id = made.json()["secret"], made.json()["id"]
    listed = client.get("/api/v1/api-keys", {"limit": 1}).json()
    assert listed["has_more"]
    assert secret not in str(listed)
    rest = client.get("/api/v1/api-keys", {"cursor": listed["next_cursor"]}).json()
    assert len(rest["data"]) == 1
    other = APIClient(headers={"X-API-Key": secret})
    assert other.get("/api/v1/account").json()["organization"] == org.slug
    assert other.get("/api/v1/api-keys").json()["code"] == "insufficient_scope"
    assert client.post(f"/api/v1/api-keys/{key_id}/rotate", {"grace_hours": 200}, format="json").status_code == 422
    assert client.post(f"/api/v1/api-keys/{key_id}/rotate", {}, format="json").status_code == 201
    assert client.delete(f"/api/v1/api-keys/{key_id}").status_code == 204
    assert other.get("/api/v1/account").json()["code"] == "invalid_api_key"
    stranger, _ = keyed("keys:admin")
    assert stranger.delete(f"/api/v1/api-keys/{key_id}").status_code == 404


def test_subscriptions(shelf, keyed):
    client, _ = keyed("billing")
    made = client.post("/api/v1/subscriptions", {"model": "language.id"}, format="json")
    assert (made.status_code, made.json()["plan"]) == (201, "payg")
    wrong = client.post("/api/v1/subscriptions", {"model": "language.id", "plan": "gold"}, format="json")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/plan")
    stranger, _ = keyed("billing")
    assert stranger.get("/api/v1/subscriptions").json()["data"] == []
    assert stranger.delete(f"/api/v1/subscriptions/{made.json()['id']}").status_code == 404
    assert client.delete(f"/api/v1/subscriptions/{made.json()['id']}").status_code == 204
    assert client.get("/api/v1/subscriptions").json()["data"] == []


@pytest.mark.parametrize("header", ["Bearer tsr_live_wrong", "Bearer ", "Bearer " + "x" * 9000])
def test_a_wrong_key_is_401(db, header):
    answer = APIClient(headers={"Authorization": header}).get("/api/v1/account")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_api_key")


@pytest.mark.django_db
def test_a_model_names_its_price_once_in_the_currency_s_unit(shelf: list[str]) -> None:
    answer = APIClient().get("/api/v1/models/face-detect").json()
    price = {"unit": "image", "amount": "0.0015", "currency": "USD", "free_per_month": 100, "version": 1}
    assert answer["price"] == price
    assert answer["manifest"]["pricing"] == price
