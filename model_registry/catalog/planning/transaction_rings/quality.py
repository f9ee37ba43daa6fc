"""Rings planted in random traffic."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    found = false = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        edges = [[f"n{a}", f"n{b}", float(rng.integers(10, 500))] for a, b in rng.integers(0, 80, (200, 2)) if a != b]
        ring = [f"n{i}" for i in rng.choice(80, 4, replace=False)]
        edges += [[a, b, 9000.0 - 50 * i] for i, (a, b) in enumerate(zip(ring, [*ring[1:], ring[0]], strict=True))]
        rings = ask(graph={"edges": edges}).output["summary"]["rings"]
        large = [r for r in rings if r["amount"] > 5000]
        found += any(set(r["members"]) == set(ring) for r in large)
        false += sum(set(r["members"]) != set(ring) for r in large)
    return [Measure("planted rings found", found / 10, "", data="10 networks of 200 random transfers", at_least=1),
            Measure("false rings above 5,000", false, "", data="the same", at_most=0)]
