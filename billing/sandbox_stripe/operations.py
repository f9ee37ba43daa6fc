"""The operations, one function each, named as the library names them. Importing this module registers them."""

from __future__ import annotations

from typing import Any

from billing.sandbox_stripe.actions import CARDS, MINIMUM, TOKENS, Actions, action, listing
from billing.sandbox_stripe.requests import invalid
from billing.sandbox_stripe.store import Stored

Values = dict[str, Any]
Path = dict[str, str]
EVIDENCE_S = 14 * 86_400  # from a dispute until its evidence is due

# -- customers and their cards


@action("CustomerService.create")
def create_customer(actions: Actions, values: Values, path: Path) -> Stored:
    customer = actions.store.add("cus", "customer", {
        "email": values.get("email"), "name": values.get("name"), "metadata": values.get("metadata", {}),
        "address": values.get("address"), "balance": 0, "currency": None, "description": values.get("description"),
        "invoice_settings": {"default_payment_method": None, **values.get("invoice_settings", {})}})
    actions.emit("customer.created", customer)
    return customer


@action("CustomerService.retrieve")
def retrieve_customer(actions: Actions, values: Values, path: Path) -> Stored:
    return actions.require("customer", path["customer"], "customer")


@action("CustomerService.update")
def update_customer(actions: Actions, values: Values, path: Path) -> Stored:
    customer = actions.require("customer", path["customer"], "customer")
    default = values.get("invoice_settings", {}).get("default_payment_method")
    if default and actions.require("payment_method", default)["customer"] != customer["id"]:
        raise invalid("The customer does not have that payment method.", param="invoice_settings")
    for name, value in values.items():
        if isinstance(value, dict) and isinstance(customer.get(name), dict):
            customer[name] |= value
        elif name != "expand":
            customer[name] = value
    actions.store.save(customer)
    actions.emit("customer.updated", customer)
    return customer


@action("CustomerPaymentMethodService.list")
def list_customer_methods(actions: Actions, values: Values, path: Path) -> Stored:
    actions.require("customer", path["customer"], "customer")
    return listing(actions, "payment_method", f"/v1/customers/{path['customer']}/payment_methods", values,
                   owner=path["customer"], keep=lambda method: method["customer"] == path["customer"])


@action("PaymentMethodService.retrieve")
def retrieve_method(actions: Actions, values: Values, path: Path) -> Stored:
    return actions.require("payment_method", path["payment_method"], "payment_method")


@action("PaymentMethodService.attach")
def attach_method(actions: Actions, values: Values, path: Path) -> Stored:
    customer = actions.require("customer", values.get("customer", ""), "customer")
    if path["payment_method"] in TOKENS:
        return actions.new_method(TOKENS[path["payment_method"]], customer["id"])
    method = actions.require("payment_method", path["payment_method"], "payment_method")
    if method["customer"] not in (None, customer["id"]):
        raise invalid("The payment method is attached to another customer.", param="payment_method")
    method["customer"] = customer["id"]
    actions.store.save(method, owner=customer["id"])
    actions.emit("payment_method.attached", method)
    return method


@action("PaymentMethodService.detach")
def detach_method(actions: Actions, values: Values, path: Path) -> Stored:
    method = actions.require("payment_method", path["payment_method"], "payment_method")
    if method["customer"] is None:
        raise invalid("The payment method is not attached to a customer.", param="payment_method")
    method["customer"] = None
    actions.store.save(method, owner="")
    actions.emit("payment_method.detached", method)
    return method


@action("SetupIntentService.retrieve")
def retrieve_setup(actions: Actions, values: Values, path: Path) -> Stored:
    return actions.require("setup_intent", path["intent"], "intent")


# -- hosted pages


@action("checkout.SessionService.create")
def create_checkout(actions: Actions, values: Values, path: Path) -> Stored:
    mode = values.get("mode")
    if mode not in ("setup", "payment"):
        raise invalid("The sandbox does Checkout in the modes setup and payment", param="mode")
    if "success_url" not in values:
        raise invalid("Missing required param: success_url.", param="success_url", code="parameter_missing")
    if values.get("customer"):
        actions.require("customer", values["customer"], "customer")
    amount, currency = None, values.get("currency")
    if mode == "payment":
        amount = 0
        for item in values.get("line_items") or []:
            price = item.get("price_data")
            if price is None or "unit_amount" not in price:
                raise invalid("The sandbox needs price_data with unit_amount", param="line_items")
            amount += price["unit_amount"] * item.get("quantity", 1)
            currency = price["currency"]
        _enough(amount, currency or "usd")
    elif not currency:
        raise invalid("Missing required param: currency.", param="currency", code="parameter_missing")
    session = actions.store.add("cs_test", "checkout.session", {
        "mode": mode, "status": "open", "payment_status": "unpaid" if mode == "payment" else "no_payment_required",
        "amount_total": amount, "currency": currency, "customer": values.get("customer"),
        "client_reference_id": values.get("client_reference_id"), "metadata": values.get("metadata", {}),
        "success_url": values["success_url"], "cancel_url": values.get("cancel_url"), "payment_intent": None,
        "setup_intent": None, "expires_at": values.get("expires_at", actions.store.now() + 24 * 3600),
        "_line_items": values.get("line_items") or [],
        "_intent_metadata": (values.get("payment_intent_data") or values.get("setup_intent_data") or {}).get(
            "metadata", {}),
        "_save": mode == "setup" or "setup_future_usage" in values.get("payment_intent_data", {})})
    session["url"] = f"{actions.public_url}/checkout/{session['id']}"
    return actions.store.save(session)


@action("checkout.SessionService.retrieve")
def retrieve_checkout(actions: Actions, values: Values, path: Path) -> Stored:
    return actions.require("checkout.session", path["session"], "session")


@action("checkout.SessionService.expire")
def expire_checkout(actions: Actions, values: Values, path: Path) -> Stored:
    session = actions.require("checkout.session", path["session"], "session")
    if session["status"] != "open":
        raise invalid(f"Only open sessions expire, this is {session['status']}.", param="session")
    session |= {"status": "expired", "url": None}
    actions.store.save(session)
    actions.emit("checkout.session.expired", session)
    return session


def complete_checkout(actions: Actions, session_id: str, number: str) -> Stored:
    """What the hosted page does when its form is sent; raises card errors, which the page shows."""
    session = actions.require("checkout.session", session_id, "session")
    if session["status"] != "open" or session["expires_at"] < actions.store.now():
        raise invalid("This checkout is over.")
    customer = session["customer"]
    if session["mode"] == "setup":
        method = actions.new_method(number, customer)
        setup = actions.store.add("seti", "setup_intent", {
            "customer": customer, "payment_method": method["id"], "status": "succeeded", "usage": "off_session",
            "metadata": session["_intent_metadata"], "last_setup_error": None}, owner=customer or "")
        session |= {"status": "complete", "setup_intent": setup["id"]}
        actions.emit("setup_intent.succeeded", setup)
    else:
        # A person is at the page, so a card that wants authentication gets it here.
        method = actions.new_method(number, customer if session["_save"] else None)
        asks = method["_behaviour"] == "authentication_required"
        intent = _new_intent(actions, {
            "amount": session["amount_total"], "currency": session["currency"], "customer": customer,
            "payment_method": method["id"], "metadata": session["_intent_metadata"], "description": None})
        if asks:
            actions.store.save({**method, "_behaviour": "ok"})
        actions.charge(intent)
        if asks:
            actions.store.save(method)
        session |= {"status": "complete", "payment_status": "paid", "payment_intent": intent["id"]}
    actions.store.save(session)
    actions.emit("checkout.session.completed", session)
    return session


@action("billing_portal.SessionService.create")
def create_portal(actions: Actions, values: Values, path: Path) -> Stored:
    customer = actions.require("customer", values.get("customer", ""), "customer")
    session = actions.store.add("bps", "billing_portal.session", {
        "customer": customer["id"], "return_url": values.get("return_url"), "locale": values.get("locale")})
    session["url"] = f"{actions.public_url}/portal/{session['id']}"
    return actions.store.save(session)


# -- payments


@action("PaymentIntentService.create")
def create_intent(actions: Actions, values: Values, path: Path) -> Stored:
    _enough(values["amount"], values["currency"])
    if values.get("customer"):
        actions.require("customer", values["customer"], "customer")
    method = values.get("payment_method")
    if method in TOKENS:
        method = actions.new_method(TOKENS[method], values.get("customer"))["id"]
    elif method:
        actions.require("payment_method", method, "payment_method")
    if values.get("off_session") and not values.get("confirm"):
        raise invalid("off_session can only be used with confirm=true", param="off_session")
    intent = _new_intent(actions, {
        "amount": values["amount"], "currency": values["currency"], "customer": values.get("customer"),
        "payment_method": method, "metadata": values.get("metadata", {}), "description": values.get("description")})
    if not values.get("confirm"):
        return intent
    if not method:
        raise invalid("A payment method is needed to confirm.", param="payment_method",
                      code="payment_intent_unexpected_state")
    return actions.charge(intent)


@action("PaymentIntentService.retrieve")
def retrieve_intent(actions: Actions, values: Values, path: Path) -> Stored:
    intent = actions.require("payment_intent", path["intent"], "intent")
    if "latest_charge" in values.get("expand", []) and intent["latest_charge"]:
        intent["latest_charge"] = actions.require("charge", intent["latest_charge"])
    return intent


@action("PaymentIntentService.list")
def list_intents(actions: Actions, values: Values, path: Path) -> Stored:
    return listing(actions, "payment_intent", "/v1/payment_intents", values, owner=values.get("customer"))


@action("PaymentIntentService.cancel")
def cancel_intent(actions: Actions, values: Values, path: Path) -> Stored:
    intent = actions.require("payment_intent", path["intent"], "intent")
    if intent["status"] in ("succeeded", "canceled"):
        raise invalid(f"A payment intent that is {intent['status']} can't be canceled.",
                      code="payment_intent_unexpected_state")
    intent |= {"status": "canceled", "cancellation_reason": values.get("cancellation_reason")}
    actions.store.save(intent)
    actions.emit("payment_intent.canceled", intent)
    return intent


@action("ChargeService.retrieve")
def retrieve_charge(actions: Actions, values: Values, path: Path) -> Stored:
    return actions.require("charge", path["charge"], "charge")


@action("RefundService.create")
def create_refund(actions: Actions, values: Values, path: Path) -> Stored:
    intent = actions.require("payment_intent", values.get("payment_intent", ""), "payment_intent")
    charge = actions.store.get(intent["latest_charge"] or "", "charge")
    if charge is None or not charge["paid"]:
        raise invalid("This payment has no successful charge to refund.", param="payment_intent")
    left = charge["amount"] - charge["amount_refunded"]
    amount = values.get("amount", left)
    if left == 0:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= left:
        raise invalid(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount")
    refund = actions.store.add("re", "refund", {
        "amount": amount, "charge": charge["id"], "currency": charge["currency"], "payment_intent": intent["id"],
        "metadata": values.get("metadata", {}), "reason": values.get("reason"), "status": "succeeded",
        "balance_transaction": None}, owner=intent["id"])
    refund["balance_transaction"] = actions.balance("refund", -amount, refund)["id"]
    actions.store.save(refund)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    actions.store.save(charge)
    actions.emit("refund.created", refund)
    actions.emit("charge.refunded", charge)
    return refund


@action("RefundService.retrieve")
def retrieve_refund(actions: Actions, values: Values, path: Path) -> Stored:
    return actions.require("refund", path["refund"], "refund")


@action("RefundService.list")
def list_refunds(actions: Actions, values: Values, path: Path) -> Stored:
    return listing(actions, "refund", "/v1/refunds", values, owner=values.get("payment_intent"))


@action("DisputeService.retrieve")
def retrieve_dispute(actions: Actions, values: Values, path: Path) -> Stored:
    return actions.require("dispute", path["dispute"], "dispute")


def open_dispute(actions: Actions, charge_id: str) -> Stored:
    """The bank takes a charge back; only the control endpoint can cause it."""
    charge = actions.require("charge", charge_id, "charge")
    charge["disputed"] = True
    actions.store.save(charge)
    dispute = actions.store.add("dp", "dispute", {
        "amount": charge["amount"], "charge": charge["id"], "currency": charge["currency"], "reason": "fraudulent",
        "payment_intent": charge["payment_intent"], "status": "needs_response", "metadata": {},
        "is_charge_refundable": False, "evidence_details": {
            "due_by": actions.store.now() + EVIDENCE_S, "has_evidence": False, "past_due": False,
            "submission_count": 0}})
    actions.balance("adjustment", -dispute["amount"], dispute)
    actions.emit("charge.dispute.created", dispute)
    actions.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def close_dispute(actions: Actions, dispute_id: str, status: str) -> Stored:
    """The bank decides: won or lost; only the control endpoint can cause it."""
    dispute = actions.require("dispute", dispute_id, "dispute")
    if dispute["status"] in ("won", "lost") or status not in ("won", "lost"):
        raise invalid(f"A dispute that is {dispute['status']} can't become {status}.", param="status")
    dispute["status"] = status
    actions.store.save(dispute)
    if status == "won":
        actions.balance("adjustment", dispute["amount"], dispute)
        actions.emit("charge.dispute.funds_reinstated", dispute)
    actions.emit("charge.dispute.closed", dispute)
    return dispute


@action("BalanceTransactionService.list")
def list_balance(actions: Actions, values: Values, path: Path) -> Stored:
    wanted = {name: values[name] for name in ("type", "source", "currency") if name in values}
    return listing(actions, "balance_transaction", "/v1/balance_transactions", values,
                   keep=lambda one: all(one[name] == value for name, value in wanted.items()))


@action("EventService.list")
def list_events(actions: Actions, values: Values, path: Path) -> Stored:
    types = set(values.get("types") or ([values["type"]] if "type" in values else []))
    return listing(actions, "event", "/v1/events", values,
                   keep=(lambda event: event["type"] in types) if types else None)


@action("EventService.retrieve")
def retrieve_event(actions: Actions, values: Values, path: Path) -> Stored:
    return actions.require("event", path["id"])


# -- providers


@action("AccountService.create")
def create_account(actions: Actions, values: Values, path: Path) -> Stored:
    account = actions.store.add("acct", "account", {
        "type": values.get("type", "express"), "country": values.get("country", "US"), "email": values.get("email"),
        "metadata": values.get("metadata", {}), "charges_enabled": False, "payouts_enabled": False,
        "details_submitted": False, "capabilities": dict.fromkeys(values.get("capabilities", {}), "inactive"),
        "default_currency": "usd"})
    actions.emit("account.updated", account)
    return account


@action("AccountService.retrieve")
def retrieve_account(actions: Actions, values: Values, path: Path) -> Stored:
    return actions.require("account", path["account"], "account")


@action("AccountLinkService.create")
def create_account_link(actions: Actions, values: Values, path: Path) -> Stored:
    account = actions.require("account", values["account"], "account")
    link = actions.store.add("link", "account_link", {
        "expires_at": actions.store.now() + 3600, "_account": account["id"], "_return_url": values.get("return_url")})
    link["url"] = f"{actions.public_url}/onboarding/{link['id']}"
    return actions.store.save(link)


def complete_onboarding(actions: Actions, link_id: str) -> str:
    """What the hosted onboarding page does; returns where the person goes next."""
    link = actions.require("account_link", link_id)
    account = actions.require("account", link["_account"])
    account |= {"details_submitted": True, "payouts_enabled": True, "charges_enabled": True,
                "capabilities": dict.fromkeys(account["capabilities"], "active")}
    actions.store.save(account)
    actions.emit("account.updated", account)
    return str(link["_return_url"] or "/")


@action("TransferService.create")
def create_transfer(actions: Actions, values: Values, path: Path) -> Stored:
    account = actions.require("account", values["destination"], "destination")
    if account["capabilities"].get("transfers") != "active":
        raise invalid("Your destination account needs to have the transfers capability enabled.",
                      code="insufficient_capabilities_for_transfer")
    if values.get("amount", 0) < 1:
        raise invalid("Invalid positive integer", param="amount", code="parameter_invalid_integer")
    transfer = actions.store.add("tr", "transfer", {
        "amount": values["amount"], "amount_reversed": 0, "currency": values["currency"], "reversed": False,
        "destination": account["id"], "metadata": values.get("metadata", {}), "balance_transaction": None,
        "description": values.get("description"), "transfer_group": values.get("transfer_group")})
    transfer["balance_transaction"] = actions.balance("transfer", -values["amount"], transfer)["id"]
    actions.store.save(transfer)
    actions.emit("transfer.created", transfer)
    return transfer


@action("TransferService.retrieve")
def retrieve_transfer(actions: Actions, values: Values, path: Path) -> Stored:
    return actions.require("transfer", path["transfer"], "transfer")


@action("TransferService.list")
def list_transfers(actions: Actions, values: Values, path: Path) -> Stored:
    wanted = {name: values[name] for name in ("destination", "transfer_group") if name in values}
    return listing(actions, "transfer", "/v1/transfers", values,
                   keep=lambda one: all(one[name] == value for name, value in wanted.items()))


@action("TransferReversalService.create")
def reverse_transfer(actions: Actions, values: Values, path: Path) -> Stored:
    transfer = actions.require("transfer", path["id"])
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = values.get("amount", left)
    if not 0 < amount <= left:
        raise invalid("The reversal is larger than what is left of the transfer.", param="amount")
    reversal = actions.store.add("trr", "transfer_reversal", {
        "amount": amount, "currency": transfer["currency"], "transfer": transfer["id"],
        "metadata": values.get("metadata", {}), "balance_transaction": None})
    reversal["balance_transaction"] = actions.balance("transfer_refund", amount, reversal)["id"]
    actions.store.save(reversal)
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    actions.store.save(transfer)
    actions.emit("transfer.reversed", transfer)
    return reversal


def _new_intent(actions: Actions, data: Stored) -> Stored:
    return actions.store.add("pi", "payment_intent", {
        "status": "requires_confirmation", "amount_received": 0, "latest_charge": None, "last_payment_error": None,
        "capture_method": "automatic", "cancellation_reason": None, **data}, owner=data["customer"] or "")


def _enough(amount: int, currency: str) -> None:
    if currency.lower() not in MINIMUM:
        raise invalid(f"Invalid currency: {currency}", param="currency")
    if currency != currency.lower():
        raise invalid(f"Invalid currency: {currency}", param="currency")
    if amount < MINIMUM[currency]:
        raise invalid(f"Amount must be at least {MINIMUM[currency]} {currency}", param="amount",
                      code="amount_too_small")
    if amount > 99_999_999:
        raise invalid("Amount must be no more than 99999999", param="amount", code="amount_too_large")


__all__ = ["CARDS", "close_dispute", "complete_checkout", "complete_onboarding", "open_dispute"]
