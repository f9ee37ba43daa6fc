"""Money on the pages: exact, in its own currency."""

from __future__ import annotations

from decimal import Decimal

import pytest

from marketplace.portal.templatetags.portal import money


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1250, "USD", "$12.50"),
        (Decimal("0.15"), "USD", "$0.0015"),
        (123_456_700, "EUR", "€1,234,567.00"),
        (-305, "USD", "-$3.05"),
        (1500, "JPY", "JPY 1,500"),
        (0, "CNY", "¥0.00"),
    ],
)
def test_money_is_exact(minor: Decimal | int, currency: str, text: str) -> None:
    assert money(minor, currency) == text
