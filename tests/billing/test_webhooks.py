"""What Stripe tells, in every order and any number of times, ends in one state; what it did not tell is refused."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from billing_kit import event
from django.db import connection, transaction
from django.test import Client
from sandbox_kit import API_KEY, SECRET, SandboxProcess

from billing import console, invoicing, ledger, payments, payouts, pricing, services, shares, webhooks
from billing.models import (
    BillingAccount,
    CreditGrant,
    CreditNote,
    Invoice,
    PaymentAttempt,
    PaymentMethod,
    ProviderAccount,
    TopUp,
    WebhookEvent,
)
from billing.sandbox_stripe.delivery import signature
from billing.stripe_gateway import TOLERANCE, Gateway, Refused, WrongSignature
from kernel import clock
from kernel.contracts import Price

pytestmark = [pytest.mark.stack, pytest.mark.django_db]
URL = "/api/v1/webhooks/stripe"
OCTOBER = date(2026, 10, 1)


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    pricing.use_price_book(lambda model, version: Price("page", Decimal("10"), "USD", 1))
    clock.set_offset(datetime(2026, 11, 2, tzinfo=UTC) - datetime.now(UTC))
    yield
    pricing.use_price_book(None)
    clock.set_offset(timedelta(0))


@pytest.fixture
def account(organization: Any) -> BillingAccount:
    return services.open_account(org_id=organization.pk)


def payload_of(name: str = "evt_1") -> bytes:
    return json.dumps({"id": name, "object": "event", "type": "payment_intent.succeeded", "created": 1,
                       "data": {"object": {"id": "pi_1", "object": "payment_intent"}}}).encode()


def now() -> int:
    return int(clock.now().timestamp())


@pytest.mark.parametrize(("header", "body"), [
    (lambda p: "", payload_of()),
    (lambda p: "t=1,v1=00", payload_of()),
    (lambda p: signature("whsec_other", p, now()), payload_of()),
    (lambda p: signature(SECRET, p, now()).replace("v1=", "v0="), payload_of()),
    (lambda p: signature(SECRET, b"other", now()), payload_of()),
    (lambda p: signature(SECRET, p, now() - 301), payload_of()),
    (lambda p: signature(SECRET, p, now() + 301), payload_of()),
    (lambda p: signature(SECRET, p, now() + 86_400), payload_of()),
    (lambda p: "t=999," + signature(SECRET, p, now()), payload_of()),
    (lambda p: signature(SECRET, p, now()), b"not json"),
    (lambda p: signature(SECRET, p, now()), b"{}"),
], ids=["none", "garbage", "forged", "old scheme", "other body", "stale", "future", "next day", "two stamps",
        "not json", "not an event"])
def test_what_stripe_did_not_send_now_gets_400(monkeypatch: pytest.MonkeyPatch, header: Any, body: bytes) -> None:
    monkeypatch.setattr("billing.webhooks.gateway", lambda: Gateway(API_KEY, "http://127.0.0.1:1", SECRET))
    answer = Client().post(URL, body, content_type="application/json", headers={"stripe-signature": header(body)})
    assert answer.status_code == 400
    assert WebhookEvent.objects.count() == 0


def test_a_webhook_is_stored_once_and_answered_200(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.webhooks.gateway", lambda: Gateway(API_KEY, "http://127.0.0.1:1", SECRET))
    monkeypatch.setattr("billing.api.handle_webhooks.delay", lambda: None)
    for late in (0, 100, -100):
        body = payload_of()
        answer = Client().post(URL, body, content_type="application/json",
                               headers={"stripe-signature": signature(SECRET, body, now() + late)})
        assert answer.status_code == 200
    assert [(e.event_id, e.object_id, e.handled_at) for e in WebhookEvent.objects.all()] == [("evt_1", "pi_1", None)]
    assert Client().get(URL).status_code == 405


def test_the_library_alone_takes_the_future() -> None:
    """Why the bound is ours: the same event, one day ahead, passes the library's own check."""
    import stripe

    body = payload_of()
    header = signature(SECRET, body, int(datetime.now(UTC).timestamp()) + 86_400)
    assert stripe.Webhook.construct_event(body, header, SECRET).id == "evt_1"
    gateway = Gateway(API_KEY, "http://127.0.0.1:1", SECRET)
    with pytest.raises(WrongSignature):
        gateway.read_webhook(body, header)
    assert timedelta(minutes=5) == TOLERANCE


# -- flows: the events of each, in every order, each twice

def pay_an_invoice(account: BillingAccount) -> None:
    """The answer of the charge is lost, so webhooks are what brings it in."""
    card = payments.gateway().attach_card("pm_card_visa", payments.ensure_customer(account))
    payments.sync_cards(account)
    _use(account, 100)
    invoice = invoicing.close_period(account=account, period=OCTOBER)
    attempt = payments.begin_attempt(invoice_id=invoice.pk)
    assert attempt is not None
    payments.gateway().pay(attempt.request, key=f"pay-{attempt.pk}")
    assert card.id


def be_refused(account: BillingAccount) -> None:
    payments.gateway().attach_card("pm_card_chargeCustomerFail", payments.ensure_customer(account))
    payments.sync_cards(account)
    _use(account, 100)
    invoice = invoicing.close_period(account=account, period=OCTOBER)
    attempt = payments.begin_attempt(invoice_id=invoice.pk)
    assert attempt is not None
    with pytest.raises(Refused, match="card_declined"):
        payments.gateway().pay(attempt.request, key=f"pay-{attempt.pk}")


def buy_credit(account: BillingAccount) -> None:
    from test_payments import post

    url = payments.start_topup(org_id=account.organization_id, amount_minor=5000, success_url="http://x",
                               cancel_url="http://x")
    assert post(url, number="4242424242424242") == "http://x"


def save_a_card(account: BillingAccount) -> None:
    from test_payments import post

    url = payments.start_card_setup(org_id=account.organization_id, success_url="http://x", cancel_url="http://x")
    assert post(url, number="5555555555554444") == "http://x"


def remove_a_card(account: BillingAccount) -> None:
    gateway = payments.gateway()
    kept = gateway.attach_card("pm_card_visa", payments.ensure_customer(account))
    gone = gateway.attach_card("pm_card_visa", kept.customer)
    gateway.remove_card(gone.id)


def refund_part(account: BillingAccount) -> None:
    pay_an_invoice(account)
    payments.sweep_attempts()
    attempt = PaymentAttempt.objects.get()
    payments.settle_payment(payments.gateway().payment(payments.gateway().pay(
        attempt.request, key=f"pay-{attempt.pk}").id))
    note = payments.issue_credit_note(org_id=account.organization_id, invoice_id=attempt.invoice_id,
                                      amount_minor=400, reason="x")
    payments.gateway().refund(key=str(note.pk), payment=PaymentAttempt.objects.get().provider_ref or "", amount=400,
                              metadata={"credit_note": str(note.pk)})


def become_a_provider(account: BillingAccount) -> None:
    from test_payments import post

    shares.agree(model="ocr", provider_id=account.organization_id, share_percent=Decimal(50),
                 effective_from=date(2026, 1, 1))
    url = payouts.start_onboarding(org_id=account.organization_id, email="", return_url="http://x",
                                   refresh_url="http://x")
    assert post(url) == "http://x"


FLOWS = [pay_an_invoice, be_refused, buy_credit, save_a_card, remove_a_card, refund_part, become_a_provider]


def state() -> list[Any]:
    """Everything that a webhook may move."""
    return [
        list(Invoice.objects.order_by("pk").values_list("kind", "status", "total", "amount_paid", "number")),
        list(PaymentAttempt.objects.order_by("pk").values_list("status", "amount", "error_code", "provider_ref")),
        list(CreditGrant.objects.order_by("pk").values_list("kind", "amount", "balance")),
        list(CreditNote.objects.order_by("pk").values_list("amount", "status", "to_credit")),
        list(TopUp.objects.values_list("status", "amount")),
        sorted(PaymentMethod.objects.values_list("method_id", "brand", "last4")),
        list(ProviderAccount.objects.values_list("payouts_enabled", "details_submitted")),
        list(BillingAccount.objects.values_list("state", "default_method")),
    ]


class Undo(Exception):
    pass


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
def test_every_order_of_a_flow_ends_in_one_state(stripe: SandboxProcess, account: BillingAccount, flow: Any,
                                                 record_property: Callable[[str, object], None]) -> None:
    before = {e["id"] for e in stripe.get("/v1/events?limit=100")["data"]}
    flow(account)
    account.refresh_from_db()
    told = [e for e in stripe.get("/v1/events?limit=100")["data"] if e["id"] not in before]
    told = [e for e in reversed(told) if webhooks.handler_of(e["type"]) is not None]
    assert told
    orders = list(itertools.permutations(range(len(told))))
    assert len(orders) <= 120
    ends: set[str] = set()
    for number, order in enumerate(orders):
        # each event twice: at once again, or after all the others
        sequence = [place for place in order for _ in range(2)] if number % 2 else [*order, *order]
        try:
            with transaction.atomic():
                deliver([told[place] for place in sequence])
                ends.add(repr(state()))
                raise Undo
        except Undo:
            pass
    assert len(ends) == 1, ends
    # Told nothing at all, the sweep finds it out.
    webhooks.sweep_lost(timedelta(days=40))
    handle_all()
    assert {repr(state())} == ends
    record_property("orders", len(orders))
    record_property("deliveries", 2 * len(told) * len(orders))


def deliver(events: list[dict[str, Any]]) -> None:
    for one in events:
        body = json.dumps(one).encode()
        webhooks.receive(body, signature(SECRET, body, now()))
        handle_all()
    assert not WebhookEvent.objects.filter(handled_at__isnull=True).exists()


def handle_all() -> None:
    while webhooks.handle_open():
        pass


def test_an_event_that_fails_is_tried_again(stripe: SandboxProcess, account: BillingAccount) -> None:
    pay_an_invoice(account)
    webhooks.sweep_lost(timedelta(days=40))
    stripe.set(fault_before=1000)
    failed = WebhookEvent.objects.filter(type="payment_intent.succeeded").order_by("-pk")[0]
    webhooks.handle_open()
    failed.refresh_from_db()
    assert (failed.handled_at, failed.tries) == (None, 1)
    assert "Unanswered" in failed.error
    stripe.set(fault_before=0)
    clock.set_offset(datetime(2026, 11, 2, 1, tzinfo=UTC) - datetime.now(UTC))
    webhooks.handle_open()
    failed.refresh_from_db()
    assert failed.handled_at is not None
    assert Invoice.objects.get().status == "paid"
    assert webhooks.replay(event_id=failed.event_id)
    (entry,) = [one for one in console.webhook_log(limit=500) if one.event_id == failed.event_id]
    assert (entry.how, entry.tries, entry.error) == ("sweep", 3, "")
    assert failed.event_id not in [one.event_id for one in console.webhook_log(open_only=True)]


def _use(account: BillingAccount, units: int) -> None:
    one = event(org_id=account.organization_id, units=units, unit_amount=Decimal(10),
                occurred_at=datetime(2026, 10, 5, tzinfo=UTC))
    with connection.cursor() as cursor:
        cursor.execute(ledger.INSERT, ledger.rows([one]))
