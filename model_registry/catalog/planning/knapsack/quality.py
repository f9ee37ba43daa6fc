"""Against dynamic programming written here."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    random, gaps, heavy = np.random.default_rng(0), [], 0
    for count in (8, 20, 40):
        values, weights, copies = (random.integers(low, high, count) for low, high in ((5, 60), (3, 30), (1, 3)))
        capacity = int(weights.sum() * 0.4)
        best = np.zeros(capacity + 1, int)
        for v, w, n in zip(values, weights, copies, strict=True):
            for _ in range(n):
                best[w:] = np.maximum(best[w:], best[: capacity + 1 - w] + v)
        items = [
            {"name": f"i{k}", "value": int(v), "weight": int(w), "copies": int(n)}
            for k, (v, w, n) in enumerate(zip(values, weights, copies, strict=True))
        ]
        found = ask(problem={"capacity": capacity, "items": items}).output
        gaps.append(abs(int(best[-1]) - found["objective"]))
        heavy += found["summary"]["weight"] > capacity
    return [
        Measure(
            "gap to the optimum",
            max(gaps),
            data="three random problems of 8 to 40 items with copies",
            at_most=0,
            method="dynamic programming",
        ),
        Measure("overfull knapsacks", heavy, data="the same", at_most=0),
    ]
