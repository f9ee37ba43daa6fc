"""What usage costs: pure functions over exact decimals, without a clock, a database or a float.

A line is rounded once, half up, to the minor unit. Rounding each event instead is wrong on nearly every invoice: a
thousand calls of 0.15 ¢ are 150 ¢, not a thousand times 0 ¢. Late usage and corrections telescope: the new line is
``charge(total of the period) - billed``, so all lines of a period add up to one rounding of its total, in whatever
order the events came and however often the period was billed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, localcontext
from typing import Literal

from kernel.money import round_minor

Scheme = Literal["per_unit", "graduated", "volume", "package"]


@dataclass(frozen=True, slots=True)
class Tier:
    """Up to and including `up_to` units (None: all further ones) at `unit_amount`, plus `flat_amount` once."""

    up_to: int | None
    unit_amount: Decimal
    flat_amount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tariff:
    """How one price version turns a month's units into minor units.

    per_unit: every unit at the one tier's amount. graduated: each unit at the amount of the tier that it falls in.
    volume: all units at the amount of the tier that the total falls in (so a bill may drop where a tier begins).
    package: started packages of `package_size` units at the one tier's amount each.
    `included` units are taken off before any of this.
    """

    scheme: Scheme
    tiers: tuple[Tier, ...]
    included: int = 0
    package_size: int = 1

    def __post_init__(self) -> None:
        bounds = [tier.up_to for tier in self.tiers]
        closed = [bound for bound in bounds[:-1] if bound is not None]
        if not bounds or bounds[-1] is not None or len(closed) != len(bounds) - 1:
            raise ValueError("the last tier, and no other, is open")
        if any(low >= high for low, high in zip([0, *closed], closed, strict=False)):
            raise ValueError("tiers rise from one bound to the next")
        if self.scheme in ("per_unit", "package") and len(bounds) != 1:
            raise ValueError(f"a {self.scheme} price has one tier")
        if self.included < 0 or self.package_size < 1:
            raise ValueError("included units are 0 or more, a package holds 1 or more")


@dataclass(frozen=True, slots=True)
class Charge:
    """A rated total: `units` used, of which `included` cost nothing; `exact` minor units, and `minor` rounded once."""

    units: int
    included: int
    exact: Decimal
    minor: int


def per_unit(amount: Decimal, *, included: int = 0) -> Tariff:
    """The plain price: `amount` minor units each, after `included` units a month."""
    return Tariff("per_unit", (Tier(None, amount),), included)


def rate(tariff: Tariff, units: int) -> Decimal:
    """Exact minor units for a month's `units`; a total that corrections made negative costs nothing."""
    with _exact():
        billable = max(0, units - tariff.included)
        if billable == 0:
            return Decimal(0)
        if tariff.scheme == "package":
            tier = tariff.tiers[0]
            packages = -(-billable // tariff.package_size)
            return packages * tier.unit_amount + tier.flat_amount
        if tariff.scheme == "graduated":
            return _graduated(tariff.tiers, billable)
        tier = next(tier for tier in tariff.tiers if tier.up_to is None or billable <= tier.up_to)
        return billable * tier.unit_amount + tier.flat_amount


def charge(tariff: Tariff, units: int) -> Charge:
    """`rate`, rounded once, with the included units named."""
    exact = rate(tariff, units)
    return Charge(units, min(max(units, 0), tariff.included), exact, round_half_up(exact))


def round_half_up(amount: Decimal) -> int:
    """The one rounding, for amounts of any size."""
    with localcontext(Context(prec=100)):
        return round_minor(amount)


def late(tariff: Tariff, *, units: int, billed: int) -> int:
    """Minor units still to bill for a period whose total is now `units` and of which `billed` is on invoices."""
    return charge(tariff, units).minor - billed


def share(total: int, weights: Sequence[int]) -> list[int]:
    """Splits `total` by largest remainder: the parts add up to it exactly and differ by less than 1 from their due."""
    whole = sum(weights)
    if whole <= 0:
        raise ValueError("weights add up to more than 0")
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def _graduated(tiers: Sequence[Tier], billable: int) -> Decimal:
    total, low = Decimal(0), 0
    for tier in tiers:
        high = billable if tier.up_to is None else min(billable, tier.up_to)
        if high <= low:
            break
        total += (high - low) * tier.unit_amount + tier.flat_amount
        low = high
    return total


@contextmanager
def _exact() -> Iterator[None]:
    # 100 digits hold any BIGINT times any NUMERIC(24,12); a result that would need more is an error, not a rounding.
    with localcontext(Context(prec=100, traps=[Inexact, InvalidOperation])):
        yield
