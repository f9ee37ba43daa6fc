"""Small fleets solved again by trying every on/off plan."""

from __future__ import annotations

from itertools import product

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def dispatch(units: list[dict], on: tuple[int, ...], load: float) -> float:
    """Cheapest split of one hour among the running units: minimum first, then by merit order."""
    running = [u for u, o in zip(units, on, strict=True) if o]
    left = load - sum(u["min"] for u in running)
    if left < -1e-9:
        return float("inf")
    cost = sum(u["no_load"] + u["min"] * u["cost"] for u in running)
    for u in sorted(running, key=lambda u: u["cost"]):
        take = min(left, u["max"] - u["min"])
        cost, left = cost + take * u["cost"], left - take
    return cost if left < 1e-9 else float("inf")


def measure(ask: Ask) -> list[Measure]:
    worst = 0.0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        units = [
            {
                "name": f"u{i}",
                "min": 20 + 10 * i,
                "max": 80 + 30 * i,
                "cost": int(rng.integers(10, 60)),
                "no_load": int(rng.integers(50, 400)),
                "start": int(rng.integers(100, 900)),
            }
            for i in range(3)
        ]
        load = [int(v) for v in rng.integers(60, 260, 5)]
        states = list(product((0, 1), repeat=3))
        best = {s: (0.0 if not any(s) else float("inf")) for s in states}
        for hour in load:
            best = {
                s: dispatch(units, s, hour)
                + min(best[b] + sum(u["start"] for u, x, y in zip(units, b, s, strict=True) if y > x) for b in states)
                for s in states
            }
        worst = max(
            worst, abs(ask(problem={"units": units, "load": load}).output["objective"] / min(best.values()) - 1)
        )
    return [
        Measure(
            "relative cost above the optimum",
            worst,
            "",
            data="4 fleets of 3 units over 5 hours, dynamic programming",
            at_most=2e-4,
        )
    ]
