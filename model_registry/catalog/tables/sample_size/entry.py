"""Power of two-group comparisons: exact noncentral t for means, Fleiss's formula for rates."""

from __future__ import annotations

import math

from scipy.stats import nct, norm, t

from model_registry.catalog_kit import InvalidInput, Request, Result

MOST = 10**9


def power_of_means(effect: float, n: int, alpha: float) -> float:
    freedom, shift = 2 * n - 2, effect * math.sqrt(n / 2)
    bound = float(t.ppf(1 - alpha / 2, freedom))
    if shift > 37:
        return 1.0
    return float(nct.sf(bound, freedom, shift) + nct.cdf(-bound, freedom, shift))


def power_of_rates(a: float, b: float, n: int, alpha: float) -> float:
    middle = (a + b) / 2
    z = (abs(a - b) * math.sqrt(n) - norm.ppf(1 - alpha / 2) * math.sqrt(2 * middle * (1 - middle))) / math.sqrt(
        a * (1 - a) + b * (1 - b)
    )
    return float(norm.cdf(z))


def run(request: Request) -> Result:
    p = request.input["problem"]
    alpha, wanted = p.get("alpha", 0.05), p.get("power", 0.8)
    if p["kind"] == "means":
        if "difference" not in p or "sd" not in p or p["difference"] == 0:
            raise InvalidInput("means need a difference that is not zero, and sd", field="problem")
        effect = abs(p["difference"]) / p["sd"]

        def power(n: int) -> float:
            return power_of_means(effect, n, alpha)
    else:
        a, b = p.get("rate_a"), p.get("rate_b")
        if a is None or b is None or a == b or a * (1 - a) + b * (1 - b) == 0:
            raise InvalidInput("rates need two different rates", field="problem")

        def power(n: int) -> float:
            return power_of_rates(a, b, n, alpha)

    if "per_group" in p:
        return Result(
            {
                "values": [
                    {"name": "power", "value": round(power(p["per_group"]), 6), "note": "chance to see the difference"},
                    {"name": "per_group", "value": p["per_group"]},
                ]
            }
        )
    low, high = 2, 2
    while power(high) < wanted:
        low, high = high, high * 2
        if high > MOST:
            raise InvalidInput("more than a thousand million would be needed", field="problem")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= wanted else (middle, high)
    n = low if power(low) >= wanted else high
    return Result(
        {
            "values": [
                {"name": "per_group", "value": n},
                {"name": "in_all", "value": 2 * n},
                {"name": "power", "value": round(power(n), 6)},
            ]
        }
    )
