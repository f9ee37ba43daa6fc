"""What an organization's usage of a month costs, line by line. Drafts and closed invoices are the same computation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Context, Decimal

from billing import rating
from kernel.problems import Problem

# (model, price version, unit) → tariff; None: the amounts that the ledger recorded stand.
TariffOf = Callable[[str, int, str], rating.Tariff | None]

# Less than this is not worth collecting (card networks refuse it): it moves to the next invoice.
MINIMUM_CHARGE = {"USD": 50, "EUR": 50, "GBP": 30, "CNY": 400, "JPY": 50, "KWD": 150}


@dataclass(frozen=True, slots=True)
class Total:
    """Live usage of one model under one price version in one month."""

    month: date
    model: str
    unit: str
    price_version: int
    units: int
    amount: Decimal  # as recorded with the events, exact
    currency: str

    @property
    def key(self) -> tuple[date, str, str, int]:
        return (self.month, self.model, self.unit, self.price_version)


@dataclass(frozen=True, slots=True)
class Billed:
    """What of such a total is on invoices already."""

    units: int = 0
    included: int = 0
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an invoice: `units` used, of which `included` cost nothing, the rest at `unit_amount` (None where
    tiers, packages or several amounts apply): `amount` whole minor units."""

    type: str
    model: str
    unit: str
    price_version: int
    month: date
    units: int
    included: int
    unit_amount: Decimal | None
    amount: int


def rated(totals: Iterable[Total], *, tariff_of: TariffOf,
          charges_usage: bool) -> dict[tuple[date, str, str, int], Line]:
    """One usage line per total. Included units are a month's, not a price version's: where a price changed during the
    month, the earlier version uses them first."""
    freed: dict[tuple[date, str, str], int] = defaultdict(int)
    lines = {}
    for total in sorted(totals, key=lambda t: (t.month, t.model, t.unit, t.price_version)):
        tariff = tariff_of(total.model, total.price_version, total.unit)
        if not charges_usage:
            charge = rating.Charge(total.units, total.units, Decimal(0), 0)
            unit_amount = _unit_amount(tariff, total)
        elif tariff is None:
            charge = rating.Charge(total.units, 0, total.amount, rating.round_half_up(max(total.amount, Decimal(0))))
            unit_amount = _unit_amount(None, total)
        else:
            scope = (total.month, total.model, total.unit)
            left = max(0, tariff.included - freed[scope])
            charge = rating.charge(replace(tariff, included=left), total.units)
            freed[scope] += charge.included
            unit_amount = _unit_amount(tariff, total)
        lines[total.key] = Line("usage", total.model, total.unit, total.price_version, total.month, charge.units,
                                charge.included, unit_amount, charge.minor)
    return lines


def difference(line: Line, billed: Billed) -> Line | None:
    """The late line that brings a billed period up to its present total; None where nothing is left to say."""
    late = replace(line, type="late", units=line.units - billed.units, included=line.included - billed.included,
                   amount=line.amount - billed.amount)
    return late if (late.units, late.included, late.amount) != (0, 0, 0) else None


def carried(amount: int, *, type: str, month: date) -> Line:
    return Line(type, "", "", 0, month, 0, 0, None, amount)


def carry_out(subtotal: int, currency: str) -> int:
    """How much of a subtotal moves to the next invoice: all of it where it is too little to collect."""
    return subtotal if subtotal < MINIMUM_CHARGE[currency] else 0


def refuse_foreign(totals: Iterable[Total], currency: str) -> None:
    """An invoice has one currency; usage recorded in another must not vanish from it."""
    foreign = sorted({total.currency for total in totals} - {currency})
    if foreign:
        raise Problem("invalid_state", f"usage in {', '.join(foreign)} can't go on an invoice in {currency}")


def _unit_amount(tariff: rating.Tariff | None, total: Total) -> Decimal | None:
    if tariff is not None:
        return tariff.tiers[0].unit_amount if tariff.scheme == "per_unit" else None
    if total.units == 0:
        return None
    exact = Context(prec=60)
    each = exact.divide(total.amount, Decimal(total.units)).quantize(Decimal("1e-12"), context=exact)
    return each if exact.multiply(each, Decimal(total.units)) == total.amount else None
