"""Whether two versions differ by more than chance. Pure, standard library only.

Yes-or-no outcomes: the pooled two-proportion z-test (Fleiss, Levin & Paik, Statistical Methods for Rates and
Proportions, 3rd ed., ch. 3), and Fisher's exact test, two-sided by the sum of the tables that are no likelier, where an
expected count is below five (Cochran's rule). Numbers: Welch's t-test for unequal variances (Welch, Biometrika 34,
1947) with Satterthwaite's degrees of freedom. Intervals are of the difference, at 95 %: Newcombe's hybrid score
interval for shares (Statistics in Medicine 17, 1998, method 10), Welch's for means.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Method = Literal["two_proportion_z", "fisher_exact", "welch_t", "too_few"]
Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Sample:
    """Outcomes of one version: how many, their sum and the sum of their squares."""

    count: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0

    @property
    def variance(self) -> float:
        """The unbiased one; 0.0 below two outcomes."""
        if self.count < 2:
            return 0.0
        return max(self.squares - self.total * self.total / self.count, 0.0) / (self.count - 1)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`effect` is the other's mean minus the control's, `interval` its 95 % interval."""

    method: Method
    effect: float
    p_value: float | None
    interval: tuple[float, float] | None


def compare(control: Sample, other: Sample, *, binary: bool) -> Comparison:
    """Two-sided. `binary`: every outcome is 0 or 1."""
    effect = other.mean - control.mean
    if min(control.count, other.count) < (1 if binary else 2):
        return Comparison("too_few", effect, None, None)
    return _shares(control, other, effect) if binary else _means(control, other, effect)


def _shares(control: Sample, other: Sample, effect: float) -> Comparison:
    hits, tries = (round(control.total), round(other.total)), (control.count, other.count)
    pooled = sum(hits) / sum(tries)
    interval = _newcombe(hits[1], tries[1], hits[0], tries[0])
    if min(n * share for n in tries for share in (pooled, 1 - pooled)) < 5:
        return Comparison("fisher_exact", effect, fisher(hits[0], tries[0], hits[1], tries[1]), interval)
    z = effect / math.sqrt(pooled * (1 - pooled) * (1 / tries[0] + 1 / tries[1]))
    return Comparison("two_proportion_z", effect, math.erfc(abs(z) / math.sqrt(2)), interval)


def _wilson(hits: int, tries: int) -> tuple[float, float]:
    share, square = hits / tries, Z95 * Z95
    middle = share + square / (2 * tries)
    reach = Z95 * math.sqrt(share * (1 - share) / tries + square / (4 * tries * tries))
    return (middle - reach) / (1 + square / tries), (middle + reach) / (1 + square / tries)


def _newcombe(hits: int, tries: int, base_hits: int, base_tries: int) -> tuple[float, float]:
    share, base = hits / tries, base_hits / base_tries
    (low, high), (base_low, base_high) = _wilson(hits, tries), _wilson(base_hits, base_tries)
    difference = share - base
    return (difference - math.hypot(share - low, base_high - base),
            difference + math.hypot(high - share, base - base_low))


def fisher(one: int, of_one: int, two: int, of_two: int) -> float:
    """Two-sided p of `one` hits in `of_one` against `two` in `of_two`."""
    hits, whole = one + two, of_one + of_two

    def log_choose(n: int, k: int) -> float:
        return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)

    def log_p(k: int) -> float:
        return log_choose(of_one, k) + log_choose(of_two, hits - k) - log_choose(whole, hits)

    limit = log_p(one) + 1e-7
    tables = range(max(0, hits - of_two), min(hits, of_one) + 1)
    return min(math.fsum(math.exp(p) for k in tables if (p := log_p(k)) <= limit), 1.0)


def _means(control: Sample, other: Sample, effect: float) -> Comparison:
    parts = control.variance / control.count, other.variance / other.count
    spread = sum(parts)
    if spread == 0.0:
        return Comparison("welch_t", effect, 1.0 if effect == 0 else 0.0, (effect, effect))
    freedom = spread * spread / (parts[0] ** 2 / (control.count - 1) + parts[1] ** 2 / (other.count - 1))
    deviation = math.sqrt(spread)
    reach = _t_quantile(freedom) * deviation
    return Comparison("welch_t", effect, t_tails(effect / deviation, freedom), (effect - reach, effect + reach))


def t_tails(t: float, freedom: float) -> float:
    """Probability of a t at least as far from 0 (Student's distribution)."""
    square = t * t
    if square < freedom:  # the other side has the digits then
        return 1.0 - _beta(square / (freedom + square), 0.5, freedom / 2)
    return _beta(freedom / (freedom + square), freedom / 2, 0.5)


def _t_quantile(freedom: float) -> float:
    """Beyond which 5 % lie on both sides together; by halving."""
    low, high = 1.9, 13.0
    while t_tails(high, freedom) > 0.05:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if t_tails(middle, freedom) > 0.05 else (low, middle)
    return (low + high) / 2


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function (continued fraction by Lentz' method; DLMF 8.17.22)."""
    if x <= 0.0 or x >= 1.0:
        return min(max(x, 0.0), 1.0)
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _beta(1.0 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    tiny, c = 1e-300, 1.0
    d = 1.0 / (1.0 - (a + b) * x / (a + 1) or tiny)
    result = d
    for m in range(1, 1000):
        for term in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                     -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d = 1.0 / (1.0 + term * d or tiny)
            c = 1.0 + term / c or tiny
            result *= d * c
        if abs(d * c - 1.0) < 1e-14:
            break
    return front * result
