"""The hosted pages: checkout, the customer's portal and a provider's onboarding. Plain forms, no scripts."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape

from billing.sandbox_stripe import operations
from billing.sandbox_stripe.actions import CARDS, Actions
from billing.sandbox_stripe.requests import StripeError
from billing.sandbox_stripe.store import Stored
from kernel.money import EXPONENTS

STYLE = """
:root{color-scheme:light dark;--bg:#fbfaf8;--surface:#fff;--line:#e4e2df;--ink:#1c2024;--ink2:#565d64;--accent:#0f6b61;
--warn:#7a5200;--warn-bg:#fff3d6;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--bg:#15181b;--surface:#1c2023;--line:#33393e;--ink:#eef0f1;--ink2:#a5adb4;
--accent:#4fb3a6;--warn:#f2cf7c;--warn-bg:#3a2f12;--bad:#ff8a80}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
.banner{background:var(--warn-bg);color:var(--warn);padding:.6rem 1rem;text-align:center;font-weight:600}
main{max-width:28rem;margin:3rem auto;padding:2rem;background:var(--surface);border:1px solid var(--line);
border-radius:10px}h1{font-size:1.25rem;margin:0 0 .25rem}.amount{font-size:2rem;font-weight:650;margin:.25rem 0 1rem}
p{color:var(--ink2);margin:.25rem 0 1rem}label{display:block;font-size:.875rem;margin:.75rem 0 .25rem}
input,select{width:100%;padding:.6rem .7rem;border:1px solid var(--line);border-radius:7px;background:var(--bg);
color:var(--ink);font:inherit}button{width:100%;margin-top:1.25rem;padding:.7rem;border:0;border-radius:7px;
background:var(--accent);color:var(--bg);font:inherit;font-weight:600;cursor:pointer}.error{color:var(--bad);
font-weight:600}a{color:var(--accent)}ul{padding:0;list-style:none}li{border:1px solid var(--line);border-radius:7px;
padding:.6rem .8rem;margin:.5rem 0;display:flex;justify-content:space-between;gap:1rem;align-items:center}
li form{margin:0}li button{width:auto;margin:0;padding:.35rem .7rem;background:transparent;color:var(--bad);
border:1px solid var(--line)}small{color:var(--ink2)}
"""
BANNER = "SANDBOX – no real money"
EXPLAINED = {
    "4242424242424242": "pays", "5555555555554444": "pays (Mastercard)", "4000000000000002": "refused at once",
    "4000000000000341": "can be saved, every charge is refused", "4000000000009995": "insufficient funds",
    "4000000000000069": "expired card", "4000002760003184": "asks for authentication off session",
}


@dataclass(frozen=True, slots=True)
class Page:
    status: int
    html: str
    headers: dict[str, str] = field(default_factory=dict)


def answer(actions: Actions, verb: str, path: str, body: bytes) -> Page:
    """A page, or the redirect that follows its form."""
    kind, _, identifier = path.strip("/").partition("/")
    form = dict(urllib.parse.parse_qsl(body.decode(errors="replace")))
    with actions.store.transaction():
        if kind == "checkout":
            session = actions.store.get(identifier, "checkout.session")
            return _checkout(actions, session, verb, form) if session else _missing()
        if kind == "portal":
            session = actions.store.get(identifier, "billing_portal.session")
            return _portal(actions, session, verb, form) if session else _missing()
        if kind == "onboarding":
            if actions.store.get(identifier, "account_link") is None:
                return _missing()
            if verb == "post":
                return _go(operations.complete_onboarding(actions, identifier))
            return _page("Get paid", "<h1>Get paid by Tessera</h1><p>Connect a bank account to receive your share. In "
                         "the sandbox one click is all it takes.</p><form method=post><button>Connect a test bank "
                         "account</button></form>")
    return _missing()


def _checkout(actions: Actions, session: Stored, verb: str, form: dict[str, str]) -> Page:
    if session["status"] != "open":
        return _page("Checkout", f"<h1>This checkout is {escape(session['status'])}</h1>"
                     f"<p><a href='{escape(session['success_url'])}'>Back to Tessera</a></p>")
    error = ""
    if verb == "post":
        number = "".join(c for c in form.get("number", "") if c.isdigit())
        try:
            done = operations.complete_checkout(actions, session["id"], number)
        except StripeError as refused:
            error = refused.message
        else:
            return _go(done["success_url"].replace("{CHECKOUT_SESSION_ID}", done["id"]))
    if session["mode"] == "setup":
        title, button = "Save a card", "Save card"
        head = "<h1>Save a card</h1><p>It is charged for your invoices.</p>"
    else:
        amount = money(session["amount_total"], session["currency"])
        names = ", ".join(item["price_data"].get("product_data", {}).get("name", "Payment")
                          for item in session["_line_items"])
        title, button = "Pay", f"Pay {amount}"
        head = f"<h1>{escape(names)}</h1><div class=amount>{escape(amount)}</div>"
    options = "".join(f"<option value={number}>{number[:4]} … {number[-4:]} – {escape(EXPLAINED[number])}</option>"
                      for number in CARDS)
    back = f"<p><a href='{escape(session['cancel_url'])}'>Cancel</a></p>" if session["cancel_url"] else ""
    return _page(title, f"{head}{_error(error)}<form method=post><label for=number>Test card</label>"
                 f"<select id=number name=number>{options}</select>"
                 f"<button>{escape(button)}</button></form>{back}", 402 if error else 200)


def _portal(actions: Actions, session: Stored, verb: str, form: dict[str, str]) -> Page:
    customer = session["customer"]
    error = ""
    if verb == "post":
        try:
            if "detach" in form:
                method = actions.require("payment_method", form["detach"])
                if method["customer"] != customer:
                    return _missing()
                operations.detach_method(actions, {}, {"payment_method": method["id"]})
            else:
                actions.new_method("".join(c for c in form.get("number", "") if c.isdigit()), customer)
        except StripeError as refused:
            error = refused.message
    methods, _ = actions.store.page("payment_method", owner=customer, limit=50)
    rows = "".join(
        f"<li><span>{escape(m['card']['brand'].title())} •••• {m['card']['last4']} <small>"
        f"{m['card']['exp_month']:02d}/{m['card']['exp_year']}</small></span><form method=post>"
        f"<button name=detach value={m['id']}>Remove</button></form></li>" for m in methods)
    options = "".join(f"<option value={number}>{number[:4]} … {number[-4:]} – {escape(EXPLAINED[number])}</option>"
                      for number in CARDS)
    back = f"<p><a href='{escape(session['return_url'])}'>Back to Tessera</a></p>" if session["return_url"] else ""
    return _page("Payment methods", f"<h1>Payment methods</h1>{_error(error)}<ul>{rows or '<p>None yet.</p>'}</ul>"
                 f"<form method=post><label for=number>Add a test card</label><select id=number name=number>{options}"
                 f"</select><button>Add card</button></form>{back}")


def money(minor: int, currency: str) -> str:
    """``USD 12.50``, with the digits that the currency has."""
    code = currency.upper()
    digits = EXPONENTS.get(code, 2)
    return f"{code} {Decimal(minor).scaleb(-digits):,.{digits}f}"


def _error(message: str) -> str:
    return f"<p class=error role=alert>{escape(message)}</p>" if message else ""


def _missing() -> Page:
    return _page("Not found", "<h1>Nothing is here</h1><p>The link is wrong or over.</p>", 404)


def _go(url: str) -> Page:
    return Page(303, "", {"Location": url})


def _page(title: str, body: str, status: int = 200) -> Page:
    html = (f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            f"<title>{escape(title)} – Tessera sandbox</title><style>{STYLE}</style>"
            f"<div class=banner>{BANNER}</div><main>{body}</main></html>")
    return Page(status, html, {"Cache-Control": "no-store", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
                               "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})
