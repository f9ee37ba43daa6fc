"""Against the closed formula of an annuity and finite differences of the price."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    terms = {"settlement": "2026-01-15", "maturity": "2036-01-15", "coupon": 0.05, "frequency": 2}

    def price(y: float) -> float:
        return sum(2.5 / (1 + y / 2) ** k for k in range(1, 21)) + 100 / (1 + y / 2) ** 20

    v = ask(problem={**terms, "yield": 0.04}).values
    back = ask(problem={**terms, "clean_price": price(0.04)}).values
    slope = -(price(0.0401) - price(0.0399)) / 0.0002 / price(0.04)
    curve = (price(0.041) - 2 * price(0.04) + price(0.039)) / 1e-6 / price(0.04)
    return [
        Measure(
            "price error", abs(v["clean_price"] - price(0.04)), "per 100", data="20 half-years by hand", at_most=1e-5
        ),
        Measure("yield error", abs(back["yield"] - 0.04), "", data="the same price back", at_most=1e-7),
        Measure("duration error", abs(v["modified_duration"] - slope), "years", data="finite difference", at_most=1e-4),
        Measure("convexity error", abs(v["convexity"] / curve - 1), "", data="second difference", at_most=1e-3),
    ]
