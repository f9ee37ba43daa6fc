"""Providers' shares: every division adds up, and refunds that add up to the whole leave nothing behind."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from billing import shares

percents = st.decimals(0, 100, places=2)


@given(st.integers(-10**9, 10**9), percents)
def test_a_division_adds_up_and_is_fair(net: int, percent: Decimal) -> None:
    share, platform = shares.divide(net, percent)
    assert share + platform == net
    assert abs(share - net * Fraction(percent) / 100) <= Fraction(1, 2)
    assert shares.divide(-net, percent) == (-share, -platform)


@given(st.integers(-10**6, 10**6), percents, st.lists(st.integers(1, 10**5), min_size=1, max_size=12))
def test_refunds_take_back_exactly_what_was_given(net: int, percent: Decimal, parts: list[int]) -> None:
    """In whatever steps an invoice is refunded, net, share and platform all end at 0."""
    share, platform = shares.divide(net, percent)
    basis = sum(parts)
    steps = [0, *accumulate(parts)]
    back = [(shares._part(net, later, basis) - shares._part(net, earlier, basis),
             shares._part(share, later, basis) - shares._part(share, earlier, basis))
            for earlier, later in pairwise(steps)]
    assert sum(one[0] for one in back) == net
    assert sum(one[1] for one in back) == share
    assert sum(one[0] - one[1] for one in back) == platform
