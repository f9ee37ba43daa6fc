"""Money is whole minor units of a currency; prices are exact decimals of minor units. There is no float here."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

# How many decimal places each currency has (ISO 4217).
EXPONENTS: dict[str, int] = {"USD": 2, "EUR": 2, "CNY": 2, "GBP": 2, "JPY": 0, "KWD": 3}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units: ``Money(1250, "USD")`` is $12.50."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")

    @property
    def major(self) -> Decimal:
        """The amount in the currency's own unit, exact."""
        return Decimal(self.minor).scaleb(-EXPONENTS[self.currency])


def round_minor(amount: Decimal) -> int:
    """Whole minor units, half up: the one rounding of an invoice line."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def major_text(minor: Decimal, currency: str) -> str:
    """An exact amount of minor units as decimal text in the currency's unit, without trailing zeros: ``0.0015``."""
    text = format(minor.scaleb(-EXPONENTS[currency]).normalize(), "f")
    return text if text != "-0" else "0"
