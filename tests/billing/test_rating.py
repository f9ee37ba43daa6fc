"""Rating against an independent recomputation in fractions, for each of the four price models."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import rating
from billing.rating import Tariff, Tier

amounts = st.decimals(min_value=0, max_value=1000, places=12, allow_nan=False, allow_infinity=False)
units = st.one_of(st.integers(0, 2000), st.integers(0, 10**12))
included = st.one_of(st.just(0), st.integers(0, 10**6))


def half_up(amount: Fraction) -> int:
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)


@st.composite
def tiers(draw: st.DrawFn) -> tuple[Tier, ...]:
    bounds = sorted(draw(st.sets(st.integers(1, 10**6), max_size=4)))
    return tuple(Tier(bound, draw(amounts), draw(amounts)) for bound in [*bounds, None])


@settings(max_examples=1000, deadline=None)
@given(units, included, amounts)
def test_per_unit_equals_fractions(used: int, free: int, amount: Decimal) -> None:
    found = rating.charge(rating.per_unit(amount, included=free), used)
    want = Fraction(amount) * max(0, used - free)
    assert Fraction(found.exact) == want
    assert (found.minor, found.included) == (half_up(want), min(used, free))


@settings(max_examples=1000, deadline=None)
@given(units, included, tiers())
def test_graduated_equals_fractions(used: int, free: int, steps: tuple[Tier, ...]) -> None:
    want, left, low = Fraction(0), max(0, used - free), 0
    for tier in steps:
        if left <= 0:
            break
        here = left if tier.up_to is None else min(left, tier.up_to - low)
        want += here * Fraction(tier.unit_amount) + Fraction(tier.flat_amount)
        left, low = left - here, tier.up_to or low
    found = rating.charge(Tariff("graduated", steps, free), used)
    assert (Fraction(found.exact), found.minor) == (want, half_up(want))


@settings(max_examples=1000, deadline=None)
@given(units, included, tiers())
def test_volume_equals_fractions(used: int, free: int, steps: tuple[Tier, ...]) -> None:
    billable = max(0, used - free)
    fitting = next(tier for tier in steps if tier.up_to is None or tier.up_to >= billable)
    want = billable * Fraction(fitting.unit_amount) + Fraction(fitting.flat_amount) if billable else Fraction(0)
    found = rating.charge(Tariff("volume", steps, free), used)
    assert (Fraction(found.exact), found.minor) == (want, half_up(want))


@settings(max_examples=1000, deadline=None)
@given(units, included, amounts, st.integers(1, 10**5))
def test_package_equals_fractions(used: int, free: int, amount: Decimal, size: int) -> None:
    billable = max(0, used - free)
    started = billable // size + (1 if billable % size else 0)
    found = rating.charge(Tariff("package", (Tier(None, amount),), free, size), used)
    assert found.minor == half_up(started * Fraction(amount))


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(-50, 10**6)), max_size=60), tiers(), included)
def test_late_usage_telescopes_to_one_rounding(steps: list[tuple[bool, int]], scale: tuple[Tier, ...],
                                               free: int) -> None:
    """Whenever and however often a period is billed, its lines add up to one rounding of its total."""
    tariff, total, billed, lines = Tariff("graduated", scale, free), 0, 0, []
    for close, more in steps:
        total += more
        if close:
            lines.append(rating.late(tariff, units=total, billed=billed))
            billed += lines[-1]
    lines.append(rating.late(tariff, units=total, billed=billed))
    assert sum(lines) == rating.charge(tariff, total).minor


def test_rounding_each_event_is_wrong_and_seen() -> None:
    """The broken control: a thousand calls of 0.15 minor units are 150, not a thousand times 0."""
    price = rating.per_unit(Decimal("0.15"))
    assert rating.charge(price, 1000).minor == 150
    assert sum(rating.charge(price, 1).minor for _ in range(1000)) == 0


def test_half_a_minor_unit_rounds_up() -> None:
    assert rating.charge(rating.per_unit(Decimal("0.5")), 1).minor == 1
    assert rating.charge(rating.per_unit(Decimal("0.499999999999")), 1).minor == 0


def test_the_largest_amounts_stay_exact() -> None:
    amount = Decimal("999999999999.999999999999")
    assert Fraction(rating.rate(rating.per_unit(amount), 2**63 - 1)) == Fraction(amount) * (2**63 - 1)


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=30).filter(sum))
def test_shares_add_up_and_stay_near_their_due(total: int, weights: list[int]) -> None:
    parts = rating.share(total, weights)
    assert sum(parts) == total
    due = [Fraction(total * weight, sum(weights)) for weight in weights]
    assert all(abs(part - want) < 1 for part, want in zip(parts, due, strict=True))


@pytest.mark.parametrize("broken", [
    lambda: Tariff("graduated", (Tier(10, Decimal(1)),)),
    lambda: Tariff("graduated", (Tier(10, Decimal(1)), Tier(5, Decimal(1)), Tier(None, Decimal(1)))),
    lambda: Tariff("volume", (Tier(None, Decimal(1)), Tier(None, Decimal(1)))),
    lambda: Tariff("per_unit", (Tier(5, Decimal(1)), Tier(None, Decimal(1)))),
    lambda: Tariff("package", (Tier(None, Decimal(1)),), package_size=0),
])
def test_a_tariff_that_cant_be_rated_is_refused(broken: object) -> None:
    with pytest.raises(ValueError):
        broken()  # type: ignore[operator]
