"""What each request does, as far as the product uses Stripe. An operation that is not here answers so, honestly."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable
from typing import Any

from billing.sandbox_stripe.requests import StripeError, invalid
from billing.sandbox_stripe.store import Store, Stored, public

# Test card number → (brand, what it does). "attach": refused when saved; else the code of every charge's refusal.
CARDS = {
    "4242424242424242": ("visa", "ok"), "5555555555554444": ("mastercard", "ok"),
    "4000000000000002": ("visa", "attach:generic_decline"),
    "4000000000000341": ("visa", "generic_decline"), "4000000000009995": ("visa", "insufficient_funds"),
    "4000000000000069": ("visa", "expired_card"), "4000002760003184": ("visa", "authentication_required"),
}
TOKENS = {
    "pm_card_visa": "4242424242424242", "pm_card_mastercard": "5555555555554444",
    "pm_card_chargeCustomerFail": "4000000000000341", "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_authenticationRequired": "4000002760003184",
}
MINIMUM = {"usd": 50, "eur": 50, "gbp": 30, "cny": 400, "jpy": 50, "kwd": 150}

Action = Callable[["Actions", dict[str, Any], dict[str, str]], Stored]
ACTIONS: dict[str, Action] = {}


def action(name: str) -> Callable[[Action], Action]:
    def register(function: Action) -> Action:
        ACTIONS[name] = function
        return function

    return register


class Actions:
    """The objects of the sandbox and what may happen to them. Every method runs inside one transaction."""

    def __init__(self, store: Store, public_url: str) -> None:
        self.store = store
        self.public_url = public_url

    def perform(self, operation: str, values: dict[str, Any], path: dict[str, str]) -> Stored:
        found = ACTIONS.get(operation)
        if found is None:
            raise invalid(f"The sandbox knows {operation}, but does not perform it")
        return found(self, values, path)

    def require(self, kind: str, identifier: str, param: str = "id") -> Stored:
        found = self.store.get(identifier, kind)
        if found is None:
            raise invalid(f"No such {kind.replace('_', ' ')}: '{identifier}'", param=param, code="resource_missing",
                          status=404)
        return found

    def emit(self, type_: str, found: Stored) -> None:
        """Stores an event and lines up its deliveries, as the chaos settings say."""
        event = self.store.add("evt", "event", {
            "type": type_, "data": {"object": public(found)}, "api_version": API_VERSION, "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None}})
        chaos = self.store.settings
        if random.randrange(1000) < chaos["webhook_drop"]:
            return
        now = time.time_ns() // 1_000_000
        copies = 2 if random.randrange(1000) < chaos["webhook_duplicate"] else 1
        for _ in range(copies):
            # A random delay is also what puts events out of order.
            delay = random.randrange(chaos["webhook_delay_ms"] + 1)
            self.store.enqueue(event["id"], now + delay)

    # -- money

    def charge(self, intent: Stored) -> Stored:
        """Confirms a payment intent with its payment method; raises the refusal that the test card stands for."""
        method = self.require("payment_method", intent["payment_method"] or "", "payment_method")
        if intent["customer"] and method["customer"] not in (None, intent["customer"]):
            raise invalid("The payment method belongs to another customer.", param="payment_method")
        behaviour = method["_behaviour"]
        captured = behaviour == "ok"
        charge = self.store.add("ch", "charge", {
            "amount": intent["amount"], "amount_captured": intent["amount"] if captured else 0, "amount_refunded": 0,
            "balance_transaction": None, "captured": captured, "currency": intent["currency"],
            "customer": intent["customer"], "description": intent["description"], "disputed": False,
            "failure_code": None if captured else "card_declined", "metadata": intent["metadata"], "paid": captured,
            "payment_intent": intent["id"], "payment_method": method["id"], "refunded": False,
            "status": "succeeded" if captured else "failed"}, owner=intent["id"])
        intent["latest_charge"] = charge["id"]
        if captured:
            charge["balance_transaction"] = self.balance("charge", charge["amount"], charge)["id"]
            intent |= {"status": "succeeded", "amount_received": intent["amount"], "last_payment_error": None}
            self.store.save(charge)
            self.store.save(intent)
            self.emit("charge.succeeded", charge)
            self.emit("payment_intent.succeeded", intent)
            return intent
        needs_person = behaviour == "authentication_required"
        code = "authentication_required" if needs_person else "card_declined"
        if behaviour == "expired_card":
            code = "expired_card"
        error = {"type": "card_error", "code": code, "decline_code": behaviour,
                 "message": DECLINES.get(behaviour, "Your card was declined."), "charge": charge["id"],
                 "payment_method": public(method)}
        intent |= {"status": "requires_payment_method", "last_payment_error": error}
        self.store.save(intent)
        self.emit("charge.failed", charge)
        self.emit("payment_intent.payment_failed", intent)
        extra = {"decline_code": behaviour, "charge": charge["id"], "payment_intent": public(intent)}
        raise StripeError(402, "card_error", error["message"], code, extra=extra)

    def balance(self, type_: str, amount: int, source: Stored) -> Stored:
        """A movement of the platform's balance; reconciliation reads these. The sandbox takes no fee."""
        return self.store.add("txn", "balance_transaction", {
            "amount": amount, "available_on": self.store.now(), "currency": source["currency"], "description": None,
            "fee": 0, "fee_details": [], "net": amount, "reporting_category": type_, "source": source["id"],
            "status": "available", "type": type_})

    def new_method(self, number: str, customer: str | None, billing: Stored | None = None) -> Stored:
        """A saved card from a test number; raises where the card refuses to be saved."""
        if number not in CARDS:
            raise StripeError(402, "card_error", "Your card number is incorrect.", "incorrect_number")
        brand, behaviour = CARDS[number]
        if behaviour.startswith("attach:"):
            raise StripeError(402, "card_error", "Your card was declined.", "card_declined",
                              extra={"decline_code": behaviour.partition(":")[2]})
        method = self.store.add("pm", "payment_method", {
            "type": "card", "customer": customer, "metadata": {}, "allow_redisplay": "always",
            "billing_details": billing or {"address": None, "email": None, "name": None, "phone": None},
            "card": {"brand": brand, "country": "US", "exp_month": 12, "exp_year": 2034, "last4": number[-4:],
                     "funding": "credit", "fingerprint": secrets.token_hex(8)},
            "_behaviour": behaviour}, owner=customer or "")
        if customer:
            self.emit("payment_method.attached", method)
        return method


def listing(actions: Actions, kind: str, path: str, values: dict[str, Any], *, owner: str | None = None,
            keep: Callable[[Stored], bool] | None = None) -> Stored:
    """Stripe's list object; `keep` narrows by what the store has no column for, page by page."""
    limit = values.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid("limit must be between 1 and 100", param="limit")
    found: list[Stored] = []
    after = values.get("starting_after")
    while True:
        page, more = actions.store.page(kind, owner=owner, created=values.get("created"), limit=100,
                                        starting_after=after, ending_before=values.get("ending_before"))
        found += [one for one in page if keep is None or keep(one)]
        if not more or len(found) > limit:
            break
        after = page[-1]["id"]
    return {"object": "list", "url": path, "has_more": len(found) > limit, "data": found[:limit]}


API_VERSION = "2026-10-28.endive"
DECLINES = {
    "insufficient_funds": "Your card has insufficient funds.", "expired_card": "Your card has expired.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
}
