"""What an organization's usage of a month costs, line by line. Drafts and closed invoices are the same computation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Context, Decimal

from billing import rating
from kernel.problems import Problem


@dataclass(frozen=True, slots=True)
class Priced:
    """What rates a total: the tariff, the price version that it belongs to, and the pool that shares its tiers."""

    version: int
    tariff: rating.Tariff
    pool: str = ""


# (model, recorded price version, unit, period) → what rates it; None: the amounts that the ledger recorded stand.
PriceOf = Callable[[str, int, str, date], Priced | None]

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


def rated(totals: Iterable[Total], *, price_of: PriceOf,
          charges_usage: bool) -> dict[tuple[date, str, str, int], Line]:
    """One usage line per model and price version.

    A price that billing scheduled rates the whole period that it is in force for, whatever version was recorded.
    Included units are a month's, not a price version's: where a price changed during the month, the earlier version
    uses them first. The models of a pool are rated on their units together and share the outcome by largest remainder.
    """
    freed: dict[tuple[date, str, str], int] = defaultdict(int)
    pools: dict[tuple[date, str, str], list[tuple[Total, Priced]]] = defaultdict(list)
    lines = {}
    for total, priced in _pinned(totals, price_of):
        if not charges_usage:
            charge = rating.Charge(total.units, total.units, Decimal(0), 0)
        elif priced is None:
            charge = rating.Charge(total.units, 0, total.amount, rating.round_half_up(max(total.amount, Decimal(0))))
        elif priced.pool:
            pools[total.month, priced.pool, total.unit].append((total, priced))
            continue
        else:
            scope = (total.month, total.model, total.unit)
            left = max(0, priced.tariff.included - freed[scope])
            charge = rating.charge(replace(priced.tariff, included=left), total.units)
            freed[scope] += charge.included
        lines[total.key] = _line(total, charge.included, _unit_amount(priced, total), charge.minor)
    for members in pools.values():
        for line in _pooled(members):
            lines[line.month, line.model, line.unit, line.price_version] = line
    return lines


@dataclass(frozen=True, slots=True)
class Terms:
    """What besides its usage decides an invoice: the plan's discount and commitment, coupons, tax, credit."""

    currency: str
    plan_discount: Decimal = Decimal(0)  # percent off usage
    commitment: int = 0  # at least this much, after the plan's discount
    coupon_percents: tuple[Decimal, ...] = ()
    coupon_minor: int = 0
    tax_percent: Decimal = Decimal(0)
    credit: int = 0  # what is there to be used
    prepaid: bool = False  # credit is all that pays: what it does not cover moves to the next invoice


@dataclass(frozen=True, slots=True)
class Statement:
    """The whole arithmetic of an invoice: total = subtotal - discount - credit + tax, subtotal = sum of the lines."""

    lines: tuple[Line, ...]
    subtotal: int
    discount: int
    tax: int
    credit: int
    total: int
    carried: int  # what moves to the next invoice


def conclude(lines: Iterable[Line], terms: Terms, *, month: date, moves: bool = True) -> Statement:
    """From lines to a total. Discounts come off usage, tax is on what is left, credit pays last.

    What is too little to collect, or in the customer's favour, moves to the next invoice before tax. Credit never
    leaves a rest that is too small to collect. Whoever pays in advance is never asked for more than the credit: the
    rounding of lines, or what was used before that plan, moves on. A draft (`moves` False) shows such amounts instead.
    """
    found = list(lines)
    used = sum(line.amount for line in found if line.type in ("usage", "late"))
    plan_discount = percent(max(used, 0), terms.plan_discount)
    missing = terms.commitment - (used - plan_discount)
    if terms.commitment and missing > 0:
        found.append(carried(missing, type="commitment", month=month))
        used += missing
    left = max(used - plan_discount, 0)
    for one in terms.coupon_percents:
        left -= percent(left, one)
    left = max(left - terms.coupon_minor, 0)
    discount = max(used, 0) - left
    net = sum(line.amount for line in found) - discount
    carry = carry_out(net, terms.currency)
    if carry and not moves:
        return Statement(tuple(found), net + discount, discount, 0, 0, net, 0)
    if carry:
        found.append(carried(-carry, type="carry_out", month=month))
        net = 0
    if terms.prepaid and moves and net + percent(net, terms.tax_percent) > terms.credit:
        covered = int(terms.credit * 100 // (100 + terms.tax_percent))
        carry = net - covered
        found.append(carried(-carry, type="carry_out", month=month))
        net = covered
    tax = percent(net, terms.tax_percent)
    due = net + tax
    credit = min(terms.credit, due)
    if 0 < due - credit < MINIMUM_CHARGE[terms.currency]:
        credit = max(0, due - MINIMUM_CHARGE[terms.currency])
    return Statement(tuple(found), sum(line.amount for line in found), discount, tax, credit, due - credit, carry)


def percent(amount: int, rate: Decimal) -> int:
    """A percentage of whole minor units, rounded once, half up."""
    return rating.round_half_up(amount * rate * Decimal("0.01"))


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


def _pinned(totals: Iterable[Total], price_of: PriceOf) -> list[tuple[Total, Priced | None]]:
    """Totals under the price version that rates them; those that now share one are added up."""
    found: dict[tuple[date, str, str, int], tuple[Total, Priced | None]] = {}
    for total in sorted(totals, key=lambda t: (t.month, t.model, t.unit, t.price_version)):
        priced = price_of(total.model, total.price_version, total.unit, total.month)
        one = replace(total, price_version=priced.version) if priced else total
        if one.key in found:
            other = found[one.key][0]
            one = replace(one, units=one.units + other.units, amount=one.amount + other.amount)
        found[one.key] = (one, priced)
    return list(found.values())


def _pooled(members: list[tuple[Total, Priced]]) -> list[Line]:
    """Every member of a pool carries the same tariff: the pool's own."""
    charge = rating.charge(members[0][1].tariff, sum(total.units for total, _ in members))
    weights = [max(total.units, 0) for total, _ in members]
    if not any(weights):
        return [_line(total, 0, None, 0) for total, _ in members]
    amounts, included = rating.share(charge.minor, weights), rating.share(charge.included, weights)
    return [_line(total, free, None, amount)
            for (total, _), free, amount in zip(members, included, amounts, strict=True)]


def _line(total: Total, included: int, unit_amount: Decimal | None, amount: int) -> Line:
    return Line("usage", total.model, total.unit, total.price_version, total.month, total.units, included,
                unit_amount, amount)


def _unit_amount(priced: Priced | None, total: Total) -> Decimal | None:
    if priced is not None:
        return priced.tariff.tiers[0].unit_amount if priced.tariff.scheme == "per_unit" else None
    if total.units == 0:
        return None
    exact = Context(prec=60)
    each = exact.divide(total.amount, Decimal(total.units)).quantize(Decimal("1e-12"), context=exact)
    return each if exact.multiply(each, Decimal(total.units)) == total.amount else None
