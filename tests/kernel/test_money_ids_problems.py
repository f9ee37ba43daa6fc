from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.ids import billing_event_id, prefixed, unprefixed, uuid7
from kernel.money import Money, major_text, round_minor
from kernel.problems import CODES, FieldError, Problem


def test_money_adds_in_one_currency_only() -> None:
    assert Money(1250, "USD") + Money(50, "USD") == Money(1300, "USD")
    assert Money(1250, "USD").major == Decimal("12.50")
    assert Money(1250, "JPY").major == Decimal(1250)
    with pytest.raises(ValueError, match="USD and EUR"):
        Money(1, "USD") + Money(1, "EUR")


@pytest.mark.parametrize(("amount", "whole"), [("0.5", 1), ("1.5", 2), ("2.4999", 2), ("-0.5", -1)])
def test_minor_units_round_half_up(amount: str, whole: int) -> None:
    assert round_minor(Decimal(amount)) == whole


def test_exact_prices_read_as_people_write_them() -> None:
    assert major_text(Decimal("0.15"), "USD") == "0.0015"
    assert major_text(Decimal("1200"), "USD") == "12"
    assert major_text(Decimal(0), "USD") == "0"


@given(st.lists(st.integers(min_value=0, max_value=2**48 - 1), min_size=2, max_size=20, unique=True))
def test_ids_sort_by_time(times: list[int]) -> None:
    made = [uuid7(now) for now in sorted(times)]
    assert made == sorted(made)
    assert all(value.version == 7 and value.variant == "specified in RFC 4122" for value in made)


def test_an_idempotency_key_bills_once_per_api_key() -> None:
    assert billing_event_id(1, "a") == billing_event_id(1, "a")
    assert billing_event_id(1, "a") != billing_event_id(2, "a")
    assert billing_event_id(1, None) != billing_event_id(1, None)


@given(st.uuids(version=4))
def test_a_prefixed_id_reads_back(value: UUID) -> None:
    assert unprefixed("pred", prefixed("pred", value)) == value
    assert unprefixed("file", prefixed("pred", value)) is None


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader_of_ids(text: str) -> None:
    assert unprefixed("pred", text) is None or text.startswith("pred_")


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_makes_a_whole_problem_document(code: str) -> None:
    document = Problem(code, "what happened", errors=[FieldError("/input", "too long")], limit=5).document("req_1")
    assert document["code"] == code
    assert document["status"] == CODES[code][0]
    assert document["request_id"] == "req_1"
    assert document["limit"] == 5
    assert document["errors"] == [{"pointer": "/input", "detail": "too long", "code": "invalid"}]
