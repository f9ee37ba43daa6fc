"""What ends a key ends it at every door of the product within a second: web, gateway, OpenAI's dialect, gRPC."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import grpc
import httpx
import pytest
from tritonclient.grpc import service_pb2, service_pb2_grpc

from tests.flows.conftest import Customer, csrf

pytestmark = pytest.mark.stack
LIMIT_S = 1.0


def doors(demo: dict[str, str], key: str, source: str = "127.0.0.1") -> dict[str, Callable[[], str]]:
    """Door → a call through it, which answers "open" or the code of the refusal."""
    gateway = f"http://127.0.0.1:{os.environ['TESSERA_GATEWAY_PORT']}"
    client = httpx.Client(timeout=10, transport=httpx.HTTPTransport(local_address=source), headers={"X-API-Key": key})
    channel = grpc.insecure_channel(demo["grpc"])
    stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)

    def http(method: str, url: str) -> Callable[[], str]:
        def call() -> str:
            answer = client.request(method, url)
            if answer.is_success:
                return "open"
            document = answer.json()
            return str(document.get("code") or document.get("error", {}).get("code") or document)
        return call

    def rpc() -> str:
        try:
            stub.RepositoryIndex(service_pb2.RepositoryIndexRequest(), metadata=(("x-api-key", key),), timeout=10)
        except grpc.RpcError as error:
            found = dict(error.trailing_metadata() or ())
            return str(found.get("x-error-code", error.code().name))
        return "open"

    found = {
        "web: account": http("GET", f"{demo['url']}/api/v1/account"),
        "web: OpenAI": http("GET", f"{demo['url']}/v1/models"),
        "web: OIP": http("POST", f"{demo['url']}/v2/repository/index"),
        "gateway: OpenAI": http("GET", f"{gateway}/v1/models"),
        "gateway: OIP": http("POST", f"{gateway}/v2/repository/index"),
    }
    return {**found, "gateway: gRPC": rpc} if source == "127.0.0.1" else found


def until_refused(calls: dict[str, Callable[[], str]]) -> tuple[dict[str, str], float]:
    """Calls every door until none is open; what each said last, and how long that took."""
    began = time.monotonic()
    while True:
        said = {name: call() for name, call in calls.items()}
        took = time.monotonic() - began
        if "open" not in said.values() or took > 10 * LIMIT_S:
            return said, took


def test_a_reported_key_is_refused_at_every_door_within_a_second(customer: Customer, demo: dict[str, str]) -> None:
    calls = doors(demo, customer.key)
    assert {name: call() for name, call in calls.items()} == dict.fromkeys(calls, "open")
    answer = httpx.post(f"{demo['url']}/api/v1/key-leaks", json={"tokens": [customer.key], "url": "https://example.com"})
    assert answer.json()["data"][0]["label"] == "true_positive", answer.text
    said, took = until_refused(calls)
    assert said == dict.fromkeys(calls, "invalid_api_key")
    assert took <= LIMIT_S
    trail = customer.session.get("/api/v1/audit-log").json()["data"]
    assert [entry["action"] for entry in trail[:2]] == ["api_key.leaked", "api_key.revoked"]


def test_a_rolled_key_works_on_for_its_overlap_and_no_longer(customer: Customer, demo: dict[str, str]) -> None:
    rolled = customer.session.post(f"/api/v1/api-keys/{customer.key_id}/rotate", json={"grace_hours": 1},
                                   headers=csrf(customer.session))
    assert rolled.status_code == 201, rolled.text
    old, new = doors(demo, customer.key), doors(demo, rolled.json()["secret"])
    assert {call() for call in [*old.values(), *new.values()]} == {"open"}
    ended = customer.session.post(f"/api/v1/api-keys/{rolled.json()['id']}/rotate", json={"grace_hours": 0},
                                  headers=csrf(customer.session))
    assert ended.status_code == 201
    said, took = until_refused(new)
    assert said == dict.fromkeys(new, "invalid_api_key")
    assert took <= LIMIT_S
    assert {call() for call in old.values()} == {"open"}


def test_an_organization_s_networks_hold_for_its_keys_within_a_second(customer: Customer, demo: dict[str, str]) -> None:
    elsewhere = doors(demo, customer.key, source="127.0.0.2")
    assert {call() for call in elsewhere.values()} == {"open"}
    saved = customer.session.post("/console/organization/", data={
        "form": "policy", "allowed_ips": "127.0.0.1", "csrfmiddlewaretoken": customer.session.cookies["csrf"]},
        headers=csrf(customer.session))
    assert saved.status_code == 200, saved.text[:500]
    said, took = until_refused(elsewhere)
    assert said == dict.fromkeys(elsewhere, "ip_not_allowed")
    assert took <= LIMIT_S
    assert {call() for call in doors(demo, customer.key).values()} == {"open"}
