"""Hull's worked example, and firms made from known assets."""

from __future__ import annotations

import math

from scipy.stats import norm

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    hull = ask(problem={"equity": 3.0, "equity_volatility": 0.8, "debt": 10.0, "rate": 0.05, "years": 1}).values
    worst = 0.0
    for assets, sigma, debt, rate, years in (
        (120, 0.2, 80, 0.02, 1),
        (50, 0.35, 45, 0.04, 3),
        (900, 0.12, 300, 0.01, 5),
    ):
        d1 = (math.log(assets / debt) + (rate + sigma**2 / 2) * years) / (sigma * math.sqrt(years))
        equity = assets * norm.cdf(d1) - debt * math.exp(-rate * years) * norm.cdf(d1 - sigma * math.sqrt(years))
        v = ask(
            problem={
                "equity": equity,
                "equity_volatility": norm.cdf(d1) * sigma * assets / equity,
                "debt": debt,
                "rate": rate,
                "years": years,
            }
        ).values
        worst = max(worst, abs(v["asset_value"] / assets - 1), abs(v["asset_volatility"] / sigma - 1))
    return [
        Measure(
            "default probability error",
            abs(hull["default_probability"] - 0.127),
            "",
            data="Hull, Options, chapter on credit risk (12.7 %)",
            at_most=5e-4,
        ),
        Measure("relative error of the assets", worst, "", data="3 firms made from known assets", at_most=1e-6),
    ]
