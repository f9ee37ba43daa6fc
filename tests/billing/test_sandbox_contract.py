"""The sandbox takes what Stripe takes, and nothing else: the contract is the installed library's own."""

from __future__ import annotations

import urllib.parse
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.sandbox_stripe import contract as contracts
from billing.sandbox_stripe import operations, requests
from billing.sandbox_stripe.actions import ACTIONS
from billing.sandbox_stripe.requests import StripeError

CONTRACT = contracts.derive()

GOOD: list[tuple[str, str, str]] = [
    ("post", "/v1/customers", "email=a@example.com&metadata[organization]=1"),
    ("post", "/v1/payment_intents", "amount=1234&currency=usd&customer=cus_1&payment_method=pm_1&confirm=true"
     "&off_session=true&description=TSR-1&metadata[attempt]=1"),
    ("get", "/v1/payment_intents", "customer=cus_1&limit=100&starting_after=pi_1"),
    ("post", "/v1/checkout/sessions", "mode=payment&customer=cus_1&line_items[0][quantity]=1"
     "&line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=5000"
     "&line_items[0][price_data][product_data][name]=Credit&success_url=http://x&cancel_url=http://x"),
    ("post", "/v1/refunds", "payment_intent=pi_1&amount=10&reason=requested_by_customer"),
    ("post", "/v1/transfers", "amount=10&currency=usd&destination=acct_1&metadata[payout_line]=1"),
    ("get", "/v1/events", "created[gte]=1&limit=100&types[0]=payment_intent.succeeded"),
    ("get", "/v1/balance_transactions", "created[gte]=1&created[lt]=2&type=charge"),
    ("post", "/v1/accounts", "country=US&capabilities[transfers][requested]=true&controller[fees][payer]=application"),
    ("post", "/v1/account_links", "account=acct_1&type=account_onboarding&refresh_url=http://x&return_url=http://x"),
    ("post", "/v1/billing_portal/sessions", "customer=cus_1&return_url=http://x"),
]
# (request, what Stripe says of it)
MUTATED: list[tuple[str, str, str, str]] = [
    ("post", "/v1/payment_intents", "amonut=1234&currency=usd", "unknown parameter: amonut"),
    ("post", "/v1/payment_intents", "amount=12.34&currency=usd", "Invalid integer"),
    ("post", "/v1/payment_intents", "amount=&currency=usd", "Missing required param: amount"),
    ("post", "/v1/payment_intents", "amount=1234", "Missing required param: currency"),
    ("post", "/v1/payment_intents", "amount=1234&currency=usd&confirm=maybe", "Invalid boolean"),
    ("post", "/v1/payment_intents", "amount=1234&currency=usd&metadata=x", "Invalid object"),
    ("post", "/v1/payment_intents", "amount=1234&currency=usd&expand=x", "Invalid array"),
    ("post", "/v1/payment_intents", "amount=1234&currency=usd&capture_method=later", "must be one of"),
    ("post", "/v1/payment_intents", "amount[0]=1234&currency=usd", "Invalid integer"),
    ("post", "/v1/payment_intents", "amount=1234&currency=usd&payment_method_options[card][nope]=1", "unknown"),
    ("post", "/v1/payment_intents", "amount=1234&currency=usd&idempotency_key=x", "unknown"),
    ("post", "/v1/refunds", "payment=pi_1", "unknown parameter: payment"),
    ("post", "/v1/refunds", "payment_intent=pi_1&amount=ten", "Invalid integer"),
    ("post", "/v1/refunds", "payment_intent=pi_1&reason=because", "must be one of"),
    ("post", "/v1/transfers", "amount=10&currency=usd", "Missing required param: destination"),
    ("post", "/v1/transfers", "amount=10&destination=acct_1", "Missing required param: currency"),
    ("post", "/v1/transfers", "amount=10&currency=usd&destination=acct_1&key=1", "unknown parameter: key"),
    ("post", "/v1/checkout/sessions", "mode=barter", "must be one of"),
    ("post", "/v1/checkout/sessions", "mode=payment&line_items[0][price_data][unit_amount]=5", "currency"),
    ("post", "/v1/checkout/sessions", "mode=payment&line_items[0][amount]=5", "unknown"),
    ("post", "/v1/customers", "e_mail=a", "unknown parameter: e_mail"),
    ("post", "/v1/customers", "address=Berlin", "Invalid"),
    ("post", "/v1/account_links", "account=acct_1", "Missing required param: type"),
    ("post", "/v1/account_links", "account=acct_1&type=onboarding", "must be one of"),
    ("post", "/v1/accounts", "capabilities[transfers][requested]=yes", "Invalid boolean"),
    ("get", "/v1/events", "created[since]=1", "unknown parameter: created[since]"),
    ("get", "/v1/events", "limit=many", "Invalid integer"),
    ("get", "/v1/balance_transactions", "from=1", "unknown parameter: from"),
]


def ask(verb: str, path: str, encoded: str) -> dict[str, Any]:
    found = CONTRACT.find(verb, path)
    assert found is not None
    body, query = (encoded.encode(), "") if verb == "post" else (b"", encoded)
    values = requests.decode("application/x-www-form-urlencoded", body, query)
    return requests.check(CONTRACT, found[0], values)


def test_the_contract_covers_the_library() -> None:
    assert len(CONTRACT.operations) > 600
    assert len(CONTRACT.classes) > 4000
    assert {o.name for o in CONTRACT.operations} >= set(ACTIONS)  # the sandbox invents no operation
    assert operations.CARDS


@pytest.mark.parametrize(("verb", "path", "encoded"), GOOD)
def test_what_the_product_asks_is_taken(verb: str, path: str, encoded: str) -> None:
    assert ask(verb, path, encoded)


@pytest.mark.parametrize(("verb", "path", "encoded", "said"), MUTATED)
def test_a_mutated_request_is_refused(verb: str, path: str, encoded: str, said: str) -> None:
    with pytest.raises(StripeError) as caught:
        ask(verb, path, encoded)
    assert caught.value.status == 400
    assert said in caught.value.message


def test_values_come_in_their_types() -> None:
    values = ask("post", "/v1/payment_intents", "amount=1234&currency=usd&confirm=true&metadata[a]=1&expand[]=customer")
    assert values == {"amount": 1234, "currency": "usd", "confirm": True, "metadata": {"a": "1"},
                      "expand": ["customer"]}
    assert ask("get", "/v1/events", "created=7")["created"] == 7


@given(st.dictionaries(st.text(min_size=1, max_size=12), st.text(max_size=12), max_size=4))
def test_no_input_breaks_the_reader(pairs: dict[str, str]) -> None:
    """Whatever comes is a value or an error of Stripe's kind, never a crash."""
    found: dict[str, Any] = {}
    try:
        found = ask("post", "/v1/payment_intents", urllib.parse.urlencode(pairs))
    except StripeError as error:
        found = error.body()["error"]
    assert found["message"] if "message" in found else found["amount"]


def test_the_cache_says_the_same(tmp_path: Path) -> None:
    first = contracts.load(tmp_path / "contract.json")
    second = contracts.load(tmp_path / "contract.json")
    assert (first.operations, first.classes) == (second.operations, second.classes)
    found = second.find("post", "/v1/customers/cus_1")
    assert found is not None
    assert (found[0].name, found[1]) == ("CustomerService.update", {"customer": "cus_1"})
