"""Merton's structural model: asset value and volatility from equity, then distance to default."""

from __future__ import annotations

import math

from scipy.optimize import brentq
from scipy.stats import norm

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    p = request.input["problem"]
    equity, spread, debt = p["equity"], p["equity_volatility"], p["debt"]
    rate, years = p.get("rate", 0.03), p.get("years", 1.0)
    discounted = debt * math.exp(-rate * years)

    def call(assets: float, volatility: float) -> tuple[float, float]:
        d1 = (math.log(assets / debt) + (rate + volatility**2 / 2) * years) / (volatility * math.sqrt(years))
        return assets * norm.cdf(d1) - discounted * norm.cdf(d1 - volatility * math.sqrt(years)), float(norm.cdf(d1))

    def assets_for(volatility: float) -> float:
        return brentq(
            lambda a: call(a, volatility)[0] - equity, equity * 1e-6, equity + discounted, xtol=1e-12 * equity
        )

    def mismatch(volatility: float) -> float:
        assets = assets_for(volatility)
        return call(assets, volatility)[1] * volatility * assets / equity - spread

    try:
        low, high = spread * equity / (equity + discounted) * 0.2, spread
        volatility = brentq(mismatch, max(low, 1e-5), high * 1.0001, xtol=1e-12)
        assets = assets_for(volatility)
    except ValueError:
        raise InvalidInput("no asset value fits these figures", field="problem") from None
    distance = (math.log(assets / debt) + (rate - volatility**2 / 2) * years) / (volatility * math.sqrt(years))
    worth = assets - equity
    return Result(
        {
            "values": [
                {"name": "default_probability", "value": round(float(norm.sf(distance)), 9), "note": "risk-neutral"},
                {"name": "distance_to_default", "value": round(distance, 6), "unit": "standard deviations"},
                {"name": "asset_value", "value": round(assets, 6)},
                {"name": "asset_volatility", "value": round(volatility, 9)},
                {"name": "credit_spread", "value": round(-math.log(worth / debt) / years - rate, 9), "unit": "a year"},
            ]
        }
    )
