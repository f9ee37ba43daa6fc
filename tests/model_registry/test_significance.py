"""The tests of significance against SciPy's, and where chance is all there is."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from model_registry.significance import Sample, compare, fisher, t_tails


def shares(hits: int, tries: int) -> Sample:
    return Sample(tries, float(hits), float(hits))


def numbers(values: list[float]) -> Sample:
    return Sample(len(values), math.fsum(values), math.fsum(v * v for v in values))


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_fisher_is_scipys(of_one: int, of_two: int, data: st.DataObject) -> None:
    one, two = data.draw(st.integers(0, of_one)), data.draw(st.integers(0, of_two))
    expected = stats.fisher_exact([[one, of_one - one], [two, of_two - two]])[1]
    assert fisher(one, of_one, two, of_two) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(st.floats(-40, 40), st.floats(1, 5000))
def test_the_tails_of_t_are_scipys(t: float, freedom: float) -> None:
    assert t_tails(t, freedom) == pytest.approx(2 * stats.t.sf(abs(t), freedom), rel=1e-8, abs=1e-12)


def test_welch_is_scipys_with_its_interval() -> None:
    dice = random.Random(5)
    one = [dice.gauss(10, 2) for _ in range(40)]
    two = [dice.gauss(11, 5) for _ in range(90)]
    found = compare(numbers(one), numbers(two), binary=False)
    expected = stats.ttest_ind(two, one, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert found.method == "welch_t"
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-6)
    assert found.interval == pytest.approx((interval.low, interval.high), rel=1e-6)


def test_shares_by_value() -> None:
    # 200 of 1000 against 250 of 1000: z = 2.6774, p = 0.00742.
    found = compare(shares(200, 1000), shares(250, 1000), binary=True)
    assert (found.method, round(found.p_value or 0, 5)) == ("two_proportion_z", 0.00742)
    assert found.effect == pytest.approx(0.05)
    assert found.interval is not None
    assert 0.013 < found.interval[0] < 0.014 < 0.086 < found.interval[1] < 0.087
    # Newcombe 1998, table II, case (a), method 10: 56/70 − 48/80 is 0.0524 to 0.3339.
    low, high = compare(shares(48, 80), shares(56, 70), binary=True).interval or (0, 0)
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)
    assert compare(shares(1, 10), shares(6, 10), binary=True).method == "fisher_exact"
    assert compare(shares(0, 10), shares(0, 10), binary=True).p_value == pytest.approx(1.0)
    for few in (compare(shares(0, 0), shares(3, 4), binary=True),
                compare(numbers([1.0]), numbers([2.0]), binary=False)):
        assert (few.method, few.p_value, few.interval) == ("too_few", None, None)
    assert compare(numbers([2.0, 2.0]), numbers([2.0, 2.0]), binary=False).p_value == 1.0


def test_chance_alone_is_called_significant_as_seldom_as_promised() -> None:
    dice, hits = random.Random(11), 0
    for _ in range(400):
        one, two = (sum(dice.random() < 0.3 for _ in range(200)) for _ in range(2))
        p = compare(shares(one, 200), shares(two, 200), binary=True).p_value
        hits += p is not None and p < 0.05
    assert 8 <= hits <= 34  # 20 expected
