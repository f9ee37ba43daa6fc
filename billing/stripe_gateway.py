"""Stripe, by the real `stripe` library: the only module that imports it. Frozen values go in and come out.

A call ends in one of three ways, and callers must tell them apart: a value; `Refused` (Stripe decided, asking again
changes nothing); `Unanswered` (nobody knows whether it was done: only the same request under the same idempotency key
may be sent again). Retries are the caller's: each outside effect has an explicit key.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings

from billing.payment_address import is_stripe, refuse_live_key_elsewhere
from kernel import clock
from kernel.problems import Problem

logging.getLogger("stripe").setLevel(logging.WARNING)  # it reports every request
TIMEOUT_S = 20
# How far a webhook's timestamp may lie in the past or in the future. The library has no bound for the future.
TOLERANCE = timedelta(minutes=5)


class Refused(Exception):
    """Stripe's definite no."""

    def __init__(self, code: str, message: str, payment: Payment | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.payment = code, message, payment


class Unanswered(Exception):
    """The request may or may not have been carried out."""


class WrongSignature(Exception):
    """A webhook that Stripe did not send, or not now."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment intent: `status` as Stripe names it; amounts in whole minor units."""

    id: str
    status: str
    amount: int
    currency: str
    customer: str
    charge: str
    metadata: dict[str, str]
    error_code: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    id: str
    customer: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True, slots=True)
class Checkout:
    """A hosted checkout: send the person to `url`."""

    id: str
    url: str
    status: str
    paid: bool
    mode: str
    customer: str
    payment: str
    amount: int
    currency: str
    reference: str


@dataclass(frozen=True, slots=True)
class Refund:
    id: str
    status: str
    amount: int
    payment: str
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class Transfer:
    id: str
    amount: int
    amount_reversed: int
    currency: str
    destination: str
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class Connected:
    """A provider's connected account."""

    id: str
    payouts_enabled: bool
    details_submitted: bool


@dataclass(frozen=True, slots=True)
class DisputeInfo:
    id: str
    payment: str
    amount: int
    currency: str
    reason: str
    status: str
    evidence_due: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    type: str
    created: datetime
    object_id: str
    payload: str


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry of the platform's balance at Stripe."""

    id: str
    type: str
    amount: int
    fee: int
    currency: str
    source: str
    created: datetime


class Gateway:
    """One Stripe account (live, test or sandbox)."""

    def __init__(self, api_key: str, base: str, webhook_secret: str = "") -> None:
        refuse_live_key_elsewhere(api_key, base)
        self.sandbox = not is_stripe(base)
        self._secret = webhook_secret
        self._api_key = api_key
        addresses: Any = {"api": base, "files": base, "connect": base, "meter_events": base}
        import stripe  # 20 MB, in processes that may never take a payment

        self._stripe = stripe.StripeClient(
            api_key, base_addresses=addresses if self.sandbox else None, max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_S)).v1

    # -- customers and cards

    def create_customer(self, *, key: str, email: str, name: str, metadata: dict[str, str]) -> str:
        params: Any = {"metadata": metadata} | {k: v for k, v in {"email": email, "name": name}.items() if v}
        return str(_ask(lambda: self._stripe.customers.create(params, {"idempotency_key": f"cus:{key}"})).id)

    def cards(self, customer: str) -> list[Card]:
        found = _ask(lambda: self._stripe.customers.payment_methods.list(customer, {"type": "card", "limit": 50}))
        return [_card(one) for one in found.data]

    def card(self, method: str) -> Card:
        return _card(_ask(lambda: self._stripe.payment_methods.retrieve(method)))

    def setup_customer(self, setup: str) -> str:
        """The customer whose card a setup intent saved."""
        return _id(_ask(lambda: self._stripe.setup_intents.retrieve(setup)).customer)

    def attach_card(self, method: str, customer: str) -> Card:
        return _card(_ask(lambda: self._stripe.payment_methods.attach(method, {"customer": customer})))

    def set_default_card(self, customer: str, method: str) -> None:
        _ask(lambda: self._stripe.customers.update(
            customer, {"invoice_settings": {"default_payment_method": method}}))

    def remove_card(self, method: str) -> None:
        _ask(lambda: self._stripe.payment_methods.detach(method))

    # -- hosted pages

    def checkout_setup(self, *, key: str, customer: str, currency: str, reference: str, success_url: str,
                       cancel_url: str) -> Checkout:
        """A page that saves a card."""
        return _checkout(_ask(lambda: self._stripe.checkout.sessions.create({
            "mode": "setup", "customer": customer, "currency": currency.lower(), "client_reference_id": reference,
            "setup_intent_data": {"metadata": {"account": reference}}, "success_url": success_url,
            "cancel_url": cancel_url}, {"idempotency_key": f"setup:{key}"})))

    def checkout_topup(self, *, key: str, customer: str, currency: str, amount: int, name: str, success_url: str,
                       cancel_url: str) -> Checkout:
        """A page that takes a payment for credit; `key` comes back as the session's reference."""
        return _checkout(_ask(lambda: self._stripe.checkout.sessions.create({
            "mode": "payment", "customer": customer, "client_reference_id": key,
            "line_items": [{"quantity": 1, "price_data": {
                "currency": currency.lower(), "unit_amount": amount, "product_data": {"name": name}}}],
            "payment_intent_data": {"metadata": {"topup": key}, "setup_future_usage": "off_session"},
            "success_url": success_url, "cancel_url": cancel_url}, {"idempotency_key": f"topup:{key}"})))

    def checkout(self, session: str) -> Checkout:
        return _checkout(_ask(lambda: self._stripe.checkout.sessions.retrieve(session)))

    def portal_url(self, customer: str, return_url: str) -> str:
        """Stripe's own page for a customer's cards."""
        return str(_ask(lambda: self._stripe.billing_portal.sessions.create(
            {"customer": customer, "return_url": return_url})).url)

    # -- payments

    def pay(self, request: dict[str, Any], *, key: str) -> Payment:
        """Sends a frozen off-session payment request. The same key and request never charge twice."""
        params: Any = request
        return _payment(_ask(lambda: self._stripe.payment_intents.create(params, {"idempotency_key": key})))

    def payment(self, intent: str) -> Payment:
        return _payment(_ask(lambda: self._stripe.payment_intents.retrieve(intent)))

    def charge_payment(self, charge: str) -> str:
        """The payment that a charge belongs to; empty where it belongs to none."""
        return _id(_ask(lambda: self._stripe.charges.retrieve(charge)).payment_intent)

    def payments_of(self, customer: str) -> Iterator[Payment]:
        """All payments of a customer, newest first: how an attempt is found whose answer was lost for good."""
        after = ""
        while True:
            params: Any = {"customer": customer, "limit": 100} | ({"starting_after": after} if after else {})
            page = _ask(lambda p=params: self._stripe.payment_intents.list(p))
            yield from (_payment(one) for one in page.data)
            if not page.has_more:
                return
            after = page.data[-1].id

    def refund(self, *, key: str, payment: str, amount: int, metadata: dict[str, str]) -> Refund:
        return _refund(_ask(lambda: self._stripe.refunds.create(
            {"payment_intent": payment, "amount": amount, "metadata": metadata}, {"idempotency_key": f"ref:{key}"})))

    def refunds_of(self, payment: str) -> list[Refund]:
        """The refunds of a payment, newest first."""
        found = _ask(lambda: self._stripe.refunds.list({"payment_intent": payment, "limit": 100}))
        return [_refund(one) for one in found.data]

    def refund_state(self, refund: str) -> Refund:
        return _refund(_ask(lambda: self._stripe.refunds.retrieve(refund)))

    def dispute(self, dispute: str) -> DisputeInfo:
        found = _ask(lambda: self._stripe.disputes.retrieve(dispute))
        due = getattr(getattr(found, "evidence_details", None), "due_by", None)
        return DisputeInfo(found.id, _id(found.payment_intent), found.amount, found.currency.upper(), found.reason,
                           found.status, datetime.fromtimestamp(due, UTC) if due else None)

    # -- providers

    def create_connected(self, *, key: str, email: str, metadata: dict[str, str]) -> Connected:
        params: Any = {
            "country": "US", "metadata": metadata, "capabilities": {"transfers": {"requested": True}},
            "controller": {"fees": {"payer": "application"}, "losses": {"payments": "application"},
                           "stripe_dashboard": {"type": "express"}, "requirement_collection": "stripe"},
        } | ({"email": email} if email else {})
        return _connected(_ask(lambda: self._stripe.accounts.create(params, {"idempotency_key": f"acct:{key}"})))

    def connected(self, account: str) -> Connected:
        return _connected(_ask(lambda: self._stripe.accounts.retrieve(account)))

    def onboarding_url(self, account: str, *, return_url: str, refresh_url: str) -> str:
        return str(_ask(lambda: self._stripe.account_links.create(
            {"account": account, "type": "account_onboarding", "return_url": return_url,
             "refresh_url": refresh_url})).url)

    def transfer(self, *, key: str, amount: int, currency: str, destination: str,
                 metadata: dict[str, str]) -> Transfer:
        return _transfer(_ask(lambda: self._stripe.transfers.create(
            {"amount": amount, "currency": currency.lower(), "destination": destination, "metadata": metadata},
            {"idempotency_key": f"xfer:{key}"})))

    def transfer_state(self, transfer: str) -> Transfer:
        return _transfer(_ask(lambda: self._stripe.transfers.retrieve(transfer)))

    def transfers_to(self, destination: str) -> list[Transfer]:
        """The last hundred transfers to an account, newest first."""
        found = _ask(lambda: self._stripe.transfers.list({"destination": destination, "limit": 100}))
        return [_transfer(one) for one in found.data]

    def reverse_transfer(self, transfer: str, *, key: str, amount: int) -> None:
        _ask(lambda: self._stripe.transfers.reversals.create(
            transfer, {"amount": amount}, {"idempotency_key": f"rev:{key}"}))

    # -- what Stripe tells

    def read_webhook(self, payload: bytes, signature: str) -> Event:
        """The event of a webhook's raw body. Raises WrongSignature for a forged, stale or future-dated one.

        The library is told to skip its own bound: it knows the past only, and not our clock.
        """
        if not self._secret:
            raise WrongSignature("no webhook secret is set")
        import stripe

        try:
            event = _event(stripe.Webhook.construct_event(payload, signature, self._secret, tolerance=0),
                           payload.decode())
        except (ValueError, stripe.SignatureVerificationError, AttributeError, KeyError) as error:
            raise WrongSignature(str(error)[:200]) from error
        stamps = [part.partition("=")[2] for part in signature.split(",") if part.strip().startswith("t=")]
        if len(stamps) != 1 or not stamps[0].isdigit():
            raise WrongSignature("one timestamp is expected")
        sent = datetime.fromtimestamp(int(stamps[0]), UTC)
        if abs(clock.now() - sent) > TOLERANCE:
            raise WrongSignature("the timestamp is too far from now")
        return event

    def events_since(self, since: datetime) -> Iterator[Event]:
        """What happened since a moment, newest first: for events whose webhook got lost."""
        after = ""
        while True:
            params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
            params |= {"starting_after": after} if after else {}
            page = _ask(lambda p=params: self._stripe.events.list(p))
            yield from (_event(one, str(one)) for one in page.data)
            if not page.has_more:
                return
            after = page.data[-1].id

    def movements(self, since: datetime, until: datetime) -> Iterator[Movement]:
        """The balance's entries that were created in [since, until)."""
        after = ""
        while True:
            params: Any = {"created": {"gte": int(since.timestamp()), "lt": int(until.timestamp())}, "limit": 100}
            params |= {"starting_after": after} if after else {}
            page = _ask(lambda p=params: self._stripe.balance_transactions.list(p))
            for one in page.data:
                yield Movement(one.id, one.type, one.amount, one.fee, one.currency.upper(), _id(one.source),
                               datetime.fromtimestamp(one.created, UTC))
            if not page.has_more:
                return
            after = page.data[-1].id

    def same_key(self, other: str) -> bool:
        return hmac.compare_digest(self._api_key, other)


@contextmanager
def politely() -> Iterator[None]:
    """For what a person waits for: Stripe's no and its silence become problems that can be shown."""
    try:
        yield
    except Refused as refused:
        raise Problem("invalid_request", refused.message) from refused
    except Unanswered as unknown:
        raise Problem("overloaded", "the payment provider does not answer; try again in a moment") from unknown


@cache
def gateway() -> Gateway:
    """The process's gateway, from the environment. Raises where payments are not set up."""
    env = settings.ENV
    if not env.stripe_api_key:
        raise Problem("invalid_state", "payments are not set up: STRIPE_API_KEY is empty")
    return Gateway(env.stripe_api_key, env.stripe_api_base, env.stripe_webhook_secret)


def is_set_up() -> bool:
    """Whether this process can reach a Stripe at all."""
    return bool(settings.ENV.stripe_api_key)


def is_sandbox() -> bool:
    """Whether money is play money: pages and documents then say so."""
    return not is_stripe(settings.ENV.stripe_api_base) or not settings.ENV.stripe_api_key.startswith(
        ("sk_live_", "rk_live_"))


def _ask(request: Any) -> Any:
    import stripe

    try:
        return request()
    except stripe.CardError as error:
        found = getattr(error.error, "payment_intent", None)
        raise Refused(error.code or "card_declined", str(error.user_message or error),
                      _payment(found) if found is not None else None) from error
    except stripe.IdempotencyError as error:
        if error.code == "idempotency_key_in_use" or error.http_status == 409:
            raise Unanswered("the same request is still running") from error
        raise Refused("idempotency_conflict", str(error)) from error
    except stripe.RateLimitError as error:
        raise Unanswered(str(error)) from error
    except stripe.InvalidRequestError as error:
        if error.http_status == 409:
            raise Unanswered(str(error)) from error
        raise Refused(error.code or "invalid_request", str(error.user_message or error)) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise Unanswered(f"Stripe does not take our key: {error}") from error
    except stripe.StripeError as error:
        raise Unanswered(str(error)) from error


def _id(value: Any) -> str:
    """The id of a reference, expanded or not."""
    return str(getattr(value, "id", value) or "")


def _metadata(found: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in (found.to_dict() if found else {}).items()}


def _payment(found: Any) -> Payment:
    error = getattr(found, "last_payment_error", None)
    return Payment(found.id, found.status, found.amount, found.currency.upper(), _id(found.customer),
                   _id(getattr(found, "latest_charge", "")), _metadata(found.metadata),
                   str(getattr(error, "code", "") or ""), str(getattr(error, "message", "") or ""))


def _card(found: Any) -> Card:
    card = found.card
    return Card(found.id, _id(found.customer), card.brand, card.last4, card.exp_month, card.exp_year)


def _checkout(found: Any) -> Checkout:
    return Checkout(found.id, str(found.url or ""), found.status, found.payment_status == "paid", found.mode,
                    _id(found.customer), _id(found.payment_intent), int(found.amount_total or 0),
                    str(found.currency or "").upper(), str(found.client_reference_id or ""))


def _refund(found: Any) -> Refund:
    return Refund(found.id, str(found.status), found.amount, _id(found.payment_intent), _metadata(found.metadata))


def _transfer(found: Any) -> Transfer:
    return Transfer(found.id, found.amount, found.amount_reversed, found.currency.upper(), _id(found.destination),
                    _metadata(found.metadata))


def _connected(found: Any) -> Connected:
    return Connected(found.id, bool(found.payouts_enabled), bool(found.details_submitted))


def _event(found: Any, payload: str) -> Event:
    return Event(found.id, found.type, datetime.fromtimestamp(found.created, UTC),
                 str(getattr(found.data.object, "id", "") or ""), payload)
