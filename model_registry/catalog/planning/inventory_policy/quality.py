"""Against the textbook formula worked by hand, and against a simulated season."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    v = ask(
        problem={
            "demand_mean": 100,
            "demand_sd": 20,
            "order_cost": 50,
            "holding_cost": 0.4,
            "lead_time": 4,
            "service_level": 0.95,
            "price": 12,
            "unit_cost": 7,
            "salvage": 3,
        }
    ).values
    demand = np.random.default_rng(0).normal(100, 20, 400_000)

    def profit(q: float) -> float:
        return float((12 * np.minimum(demand, q) + 3 * np.maximum(q - demand, 0) - 7 * q).mean())

    best = max(profit(q) for q in np.arange(80, 130, 0.5))
    return [
        Measure(
            "order quantity error", abs(v["order_quantity"] - 158.113883), "units", data="√(2·100·50/0.4)", at_most=1e-5
        ),
        Measure(
            "reorder point error",
            abs(v["reorder_point"] - (400 + 1.644854 * 40)),
            "units",
            data="by hand",
            at_most=1e-3,
        ),
        Measure(
            "profit below the best by simulation",
            max(best - profit(v["season_quantity"]), 0),
            "",
            data="400,000 simulated seasons",
            at_most=0.05,
        ),
        Measure(
            "expected profit error",
            abs(v["expected_profit"] - profit(v["season_quantity"])),
            "",
            data="the same",
            at_most=0.5,
        ),
    ]
