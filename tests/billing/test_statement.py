"""Whole invoices against an independent recomputation in fractions: a thousand random accounts, four price models
each, late usage and corrections, pools, discounts, coupons, commitments, tax and credit."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import periods, rating, statement
from billing.rating import Tariff, Tier
from billing.statement import Billed, Line, Priced, Terms, Total

MONTHS = [date(2026, month, 1) for month in range(1, 5)]
SCHEMES = ("per_unit", "graduated", "volume", "package")


def half_up(amount: Fraction) -> int:
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)


def random_tariff(rng: random.Random, scheme: Any) -> Tariff:
    def amount() -> Decimal:
        return Decimal(rng.randrange(10**9)).scaleb(-rng.randrange(4, 10))

    bounds: list[int | None] = [*sorted(rng.sample(range(1, 5000), 3)), None]
    if scheme in ("per_unit", "package"):
        bounds = [None]
    flat = scheme in ("graduated", "volume")
    tiers = tuple(Tier(bound, amount(), amount() if flat else Decimal(0)) for bound in bounds)
    return Tariff(scheme, tiers, rng.choice([0, 0, rng.randrange(500)]), rng.randrange(1, 300))


def by_fractions(tariff: Tariff, units: int) -> Fraction:
    """The price of a total, computed unit by unit of thought instead of the way rating does it."""
    left = max(0, units - tariff.included)
    if not left:
        return Fraction(0)
    if tariff.scheme == "per_unit":
        return left * Fraction(tariff.tiers[0].unit_amount)
    if tariff.scheme == "package":
        return -(-left // tariff.package_size) * Fraction(tariff.tiers[0].unit_amount)
    if tariff.scheme == "volume":
        tier = min((t for t in tariff.tiers if t.up_to is None or t.up_to >= left),
                   key=lambda t: (t.up_to is None, t.up_to or 0))
        return left * Fraction(tier.unit_amount) + Fraction(tier.flat_amount)
    cost, low = Fraction(0), 0
    for tier in tariff.tiers:
        here = max(0, (left if tier.up_to is None else min(left, tier.up_to)) - low)
        if here:
            cost += here * Fraction(tier.unit_amount) + Fraction(tier.flat_amount)
        low = tier.up_to or left
    return cost


class Account:
    """Usage of four models over four months, billed month by month; earlier months keep changing."""

    def __init__(self, seed: int, *, pooled: bool = False) -> None:
        self.rng = random.Random(seed)
        self.pooled = pooled
        self.tariffs = {scheme: random_tariff(self.rng, scheme) for scheme in SCHEMES}
        self.pool = random_tariff(self.rng, self.rng.choice(SCHEMES))
        self.units: dict[tuple[date, str], int] = defaultdict(int)
        self.billed: dict[Any, Billed] = {}
        self.lines: list[Line] = []

    def use(self, month: date) -> None:
        for model in SCHEMES:
            self.units[month, model] += self.rng.choice([0, self.rng.randrange(20), self.rng.randrange(6000)])

    def correct(self, month: date) -> None:
        """Late usage, or a correction that takes away at most what is there."""
        model = self.rng.choice(SCHEMES)
        more = self.rng.randrange(-self.units[month, model], 800) if self.units[month, model] else 300
        self.units[month, model] += more

    def close(self, upto: int) -> None:
        totals = [Total(month, model, "call", 1, units, Decimal(0), "USD")
                  for (month, model), units in self.units.items() if month in MONTHS[:upto + 1]]
        rated = statement.rated(totals, price_of=self.price_of, charges_usage=True)
        for key, line in rated.items():
            late = statement.difference(line, self.billed.get(key, Billed()))
            if late is not None:
                self.lines.append(late)
                before = self.billed.get(key, Billed())
                self.billed[key] = Billed(before.units + late.units, before.included + late.included,
                                          before.amount + late.amount)

    def price_of(self, model: str, version: int, unit: str, month: date) -> Priced:
        if self.pooled:
            return Priced(version, self.pool, "pool")
        return Priced(version, self.tariffs[model])

    def sums(self) -> dict[tuple[date, str], int]:
        found: dict[tuple[date, str], int] = defaultdict(int)
        for line in self.lines:
            found[line.month, line.model] += line.amount
        return found


def live(seed: int, *, pooled: bool = False) -> Account:
    account = Account(seed, pooled=pooled)
    for number, month in enumerate(MONTHS):
        account.use(month)
        for earlier in MONTHS[:number]:
            if account.rng.random() < 0.5:
                account.correct(earlier)
        account.close(number)
    account.correct(MONTHS[0])
    account.close(len(MONTHS) - 1)
    return account


def test_a_thousand_accounts_equal_the_fractions(record_property: Callable[[str, object], None]) -> None:
    lines = 0
    for seed in range(1000):
        account = live(seed)
        sums = account.sums()
        for (month, model), units in account.units.items():
            want = half_up(by_fractions(account.tariffs[model], units))
            assert sums[month, model] == want, (seed, month, model, units)
        lines += len(account.lines)
    for name, value in (("accounts", 1000), ("price_models", len(SCHEMES)), ("lines", lines)):
        record_property(name, value)


def test_pools_equal_the_fractions_and_share_by_largest_remainder() -> None:
    for seed in range(300):
        account = live(seed, pooled=True)
        sums = account.sums()
        for month in MONTHS:
            units = {model: account.units[month, model] for model in SCHEMES}
            whole = sum(units.values())
            want = half_up(by_fractions(account.pool, whole))
            assert sum(sums[month, model] for model in SCHEMES) == (want if whole else 0)
            for model in SCHEMES:
                if whole:
                    assert abs(sums[month, model] - Fraction(want * units[model], whole)) < 1


def test_a_scheduled_price_rates_the_whole_period() -> None:
    """Two recorded versions, one price in force: they are one line, and its tiers see all units."""
    tariff = Tariff("graduated", (Tier(100, Decimal(2)), Tier(None, Decimal(1))))
    totals = [Total(MONTHS[0], "ocr", "page", version, 80, Decimal(0), "USD") for version in (1, 2)]
    lines = statement.rated(totals, price_of=lambda *_: Priced(9, tariff), charges_usage=True)
    (line,) = lines.values()
    assert (line.units, line.price_version, line.amount) == (160, 9, 260)


money = st.integers(-3000, 100_000)
rates = st.decimals(0, 100, places=2)


@settings(max_examples=800, deadline=None)
@given(st.lists(money, max_size=6), rates, st.integers(0, 50_000), st.lists(rates, max_size=2),
       st.integers(0, 20_000), rates, st.integers(0, 200_000), st.integers(-200, 200),
       st.sampled_from(["USD", "JPY", "KWD"]))
def test_the_arithmetic_of_an_invoice(amounts: list[int], plan: Decimal, commitment: int, coupons: list[Decimal],
                                      off: int, tax: Decimal, credit: int, carried: int, currency: str) -> None:
    month = MONTHS[0]
    lines = [Line("usage", f"m{n}", "call", 1, month, 1, 0, None, amount) for n, amount in enumerate(amounts)]
    if carried:
        lines.append(statement.carried(carried, type="carry_in", month=month))
    terms = Terms(currency, plan, commitment, tuple(coupons), off, tax, credit)
    found = statement.conclude(lines, terms, month=month)

    used = sum(amounts)
    base = half_up(Fraction(max(used, 0)) * Fraction(plan) / 100)
    missing = max(0, commitment - (used - base)) if commitment else 0
    left = max(0, used + missing - base)
    for rate in coupons:
        left -= half_up(Fraction(left) * Fraction(rate) / 100)
    left = max(0, left - off)
    net = used + missing - (max(0, used + missing) - left) + carried
    least = statement.MINIMUM_CHARGE[currency]
    due = 0 if net < least else net + half_up(Fraction(net) * Fraction(tax) / 100)
    assert found.total + found.credit == due
    assert found.carried == (net if net < least else 0)
    assert found.subtotal == sum(line.amount for line in found.lines)
    assert found.total == found.subtotal - found.discount - found.credit + found.tax
    assert found.total == 0 or found.total >= least
    assert 0 <= found.credit <= credit
    assert found.discount >= 0
    assert found.tax >= 0


@pytest.mark.parametrize(("anchor", "starts"), [
    (31, ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30", "2028-05-31"]),
    (30, ["2027-12-30", "2028-01-30", "2028-02-29", "2028-03-30", "2028-04-30", "2028-05-30"]),
    (29, ["2028-12-29", "2029-01-29", "2029-02-28", "2029-03-29", "2029-04-29", "2029-05-29"]),
    (1, ["2027-12-01", "2028-01-01", "2028-02-01", "2028-03-01", "2028-04-01", "2028-05-01"]),
])
def test_periods_begin_on_the_anchor_or_the_last_day(anchor: int, starts: list[str]) -> None:
    day = date.fromisoformat(starts[0])
    for start in starts:
        assert day.isoformat() == start
        day = periods.next_month(day, anchor)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 31))
def test_every_day_is_in_exactly_one_period(day: date, anchor: int) -> None:
    start = periods.month_of(day, anchor)
    assert start <= day < periods.next_month(start, anchor)
    assert periods.month_of(start, anchor) == start


def test_credit_never_leaves_a_rest_that_no_card_takes() -> None:
    line = Line("usage", "m", "call", 1, MONTHS[0], 1, 0, None, 1000)
    found = statement.conclude([line], Terms("USD", credit=980), month=MONTHS[0])
    assert (found.credit, found.total) == (950, 50)
    assert rating.round_half_up(Decimal("0.5")) == 1


def test_billing_what_came_since_is_wrong_and_seen() -> None:
    """The broken control: a closer that rates only what came since the last invoice, instead of the whole period."""
    wrong = 0
    for seed in range(200):
        rng = random.Random(seed)
        tariff = random_tariff(rng, "graduated")
        parts = [rng.randrange(1, 3000) for _ in range(3)]
        naive = sum(rating.charge(tariff, part).minor for part in parts)
        wrong += naive != half_up(by_fractions(tariff, sum(parts)))
    assert wrong > 100
