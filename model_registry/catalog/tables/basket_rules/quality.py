"""Rules planted among random baskets: found, and nothing else beside them."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    rng = np.random.default_rng(0)
    baskets = []
    for _ in range(2000):
        items = [f"i{j}" for j in np.flatnonzero(rng.random(30) < 0.12)]
        if rng.random() < 0.1:
            items += ["nappies", "beer"] if rng.random() < 0.8 else ["nappies"]
        elif rng.random() < 0.05:
            items.append("beer")
        baskets.append(items or ["i0"])
    rows = ask(baskets=baskets, parameters={"support": 0.01, "confidence": 0.05}).output["rows"]
    planted = [r for r in rows if {r["if"], r["then"]} == {"nappies", "beer"}]
    noise = [r for r in rows if not {"nappies", "beer"} <= {*r["if"].split(" + "), r["then"]}]
    return [
        Measure(
            "planted rules found",
            len(planted),
            "of 2",
            data="2,000 baskets of 30 independent items and one pair",
            at_least=2,
        ),
        Measure("false rules", len(noise), "", data="the same", at_most=2),
    ]
