"""The sandbox as a server: keys replay, faults fall before or after, killing loses nothing, webhooks come signed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import stripe
from sandbox_kit import API_KEY, SECRET, SandboxProcess

from billing.payment_address import UnsafeAddress
from billing.stripe_gateway import Gateway, Refused, Unanswered
from config import env

pytestmark = pytest.mark.stack


@pytest.fixture
def gateway(stripe_process: SandboxProcess) -> Iterator[Gateway]:
    from billing.sandbox_stripe.store import DEFAULTS

    stripe_process.set(**DEFAULTS)
    yield Gateway(API_KEY, stripe_process.base, SECRET)
    stripe_process.set(**DEFAULTS)


def request(gateway: Gateway, token: str = "pm_card_visa", **more: Any) -> dict[str, Any]:
    customer = gateway.create_customer(key=json.dumps([token, more]), email="", name="", metadata={})
    card = gateway.attach_card(token, customer)
    return {"amount": 1234, "currency": "usd", "customer": customer, "payment_method": card.id, "confirm": True,
            "off_session": True, "metadata": {"attempt": "a"}, **more}


def test_a_key_replays_and_refuses_another_body(gateway: Gateway) -> None:
    body = request(gateway)
    first = gateway.pay(body, key="k-replay")
    assert gateway.pay(body, key="k-replay").id == first.id
    assert gateway.pay(body, key="k-other").id != first.id
    with pytest.raises(Refused, match="idempotency_conflict"):
        gateway.pay({**body, "amount": 1235}, key="k-replay")


@pytest.mark.parametrize(("token", "code"), [
    ("pm_card_chargeCustomerFail", "card_declined"), ("pm_card_chargeDeclinedInsufficientFunds", "card_declined"),
    ("pm_card_authenticationRequired", "authentication_required")])
def test_test_cards_are_refused_as_stripe_does(gateway: Gateway, token: str, code: str) -> None:
    body = request(gateway, token)
    for _ in range(2):  # a refusal is an outcome: it replays too
        with pytest.raises(Refused) as caught:
            gateway.pay(body, key=f"k-{token}")
        assert caught.value.code == code
        assert caught.value.payment is not None
        assert caught.value.payment.status == "requires_payment_method"
    with pytest.raises(Refused, match="card_declined"):
        gateway.attach_card("pm_card_chargeDeclined", body["customer"])


@pytest.mark.parametrize(("fault", "done"), [("fault_before", 0), ("fault_after", 1), ("fault_error", 0)])
def test_faults_before_and_after(stripe_process: SandboxProcess, gateway: Gateway, fault: str, done: int) -> None:
    body = request(gateway, description=fault)
    stripe_process.set(**{fault: 1000})
    with pytest.raises(Unanswered):
        gateway.pay(body, key=f"k-{fault}")
    stripe_process.set(**{fault: 0})
    assert len(list(gateway.payments_of(body["customer"]))) == done


def test_killing_it_loses_nothing(tmp_path: Path) -> None:
    process = SandboxProcess(tmp_path)
    process.start()
    try:
        gateway = Gateway(API_KEY, process.base, SECRET)
        body = request(gateway)
        paid = gateway.pay(body, key="k")
        process.set(clock_offset_s=86_000)
        process.kill()
        with pytest.raises(Unanswered):
            gateway.pay(body, key="k")
        process.start()
        assert gateway.pay(body, key="k").id == paid.id
        assert [one.amount for one in gateway.payments_of(body["customer"])] == [1234]
        assert process.set()["clock_offset_s"] == 86_000
        process.set(clock_offset_s=200_000)  # Stripe forgets a key after a day
        assert gateway.pay(body, key="k").id != paid.id
    finally:
        process.kill()


def test_webhooks_come_signed_twice_and_out_of_order(tmp_path: Path) -> None:
    came: list[tuple[bytes, str]] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append((self.rfile.read(int(self.headers["Content-Length"])), self.headers["Stripe-Signature"]))
            self.send_response(200 if len(came) > 2 else 500)  # the first two are sent again
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    process = SandboxProcess(tmp_path, webhook_url=f"http://127.0.0.1:{server.server_port}/hook")
    process.start()
    try:
        process.set(webhook_duplicate=1000, webhook_delay_ms=300)
        gateway = Gateway(API_KEY, process.base, SECRET)
        for number in range(4):
            gateway.create_customer(key=str(number), email="", name="", metadata={})
        wanted = 4 * 2 + 2
        for _ in range(200):
            if len(came) >= wanted:
                break
            threading.Event().wait(0.05)
        assert len(came) == wanted
        events = [gateway.read_webhook(body, header) for body, header in came]
        counts = {event.id: [one.id for one in events].count(event.id) for event in events}
        assert len(counts) == 4
        assert min(counts.values()) >= 2
        assert {event.type for event in events} == {"customer.created"}
    finally:
        process.kill()
        server.shutdown()


def test_nobody_without_the_key_and_nothing_unknown(stripe_process: SandboxProcess) -> None:
    with pytest.raises(Unanswered, match="does not take our key"):
        Gateway("sk_test_other", stripe_process.base).payment("pi_1")
    gateway = Gateway(API_KEY, stripe_process.base)
    with pytest.raises(Refused, match="resource_missing"):
        gateway.payment("pi_1")
    with pytest.raises(stripe.InvalidRequestError, match="does not perform"):  # known, and honestly not done
        gateway._stripe.coupons.create({"percent_off": Decimal(5)})


@pytest.mark.parametrize("base", ["http://127.0.0.1:8004", "https://api.stripe.com.example.org",
                                  "http://api.stripe.com", "https://example.com/api.stripe.com"])
@pytest.mark.parametrize("key", ["sk_live_x", "rk_live_x"])
def test_a_live_key_goes_to_stripe_only(monkeypatch: pytest.MonkeyPatch, key: str, base: str) -> None:
    with pytest.raises(UnsafeAddress):
        Gateway(key, base)
    monkeypatch.setenv("STRIPE_API_KEY", key)
    monkeypatch.setenv("STRIPE_API_BASE", base)
    with pytest.raises(env.InvalidEnvironment, match="STRIPE_API_BASE"):
        env.load()
    assert Gateway(key, "https://api.stripe.com").sandbox is False


def test_without_keys_the_same_request_charges_twice(stripe_process: SandboxProcess, gateway: Gateway) -> None:
    """The broken control: what a Stripe that ignores Idempotency-Key would do."""
    body = request(gateway, description="twice")
    stripe_process.set(ignore_idempotency=1)
    for _ in range(2):
        gateway.pay(body, key="k-twice")
    assert [one.amount for one in gateway.payments_of(body["customer"])] == [1234, 1234]
