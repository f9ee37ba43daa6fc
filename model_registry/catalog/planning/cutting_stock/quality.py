"""The textbook case of Chvátal (1983), and sets cut from whole bars."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    known = ask(problem={"stock": 100, "orders": [{"length": 45, "count": 97}, {"length": 36, "count": 610},
                                                  {"length": 31, "count": 395}, {"length": 14, "count": 211}]})
    excess = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        need: dict[int, int] = {}
        for _ in range(6):
            cuts = np.sort(rng.choice(np.arange(10, 91, 5), 2, replace=False))
            for piece in np.diff([0, *cuts, 100]).tolist():
                need[piece] = need.get(piece, 0) + 5
        orders = [{"length": n, "count": c} for n, c in need.items() if n]
        excess += ask(problem={"stock": 100, "orders": orders}).output["objective"] - 30
    return [Measure("bound minus 452.25", abs(known.output["summary"]["lower_bound"] - 452.25), "bars",
                    data="Chvátal, Linear Programming, chapter 13", at_most=1e-6),
            Measure("bars above the optimum", excess, "of 150", data="5 sets cut from 30 whole bars", at_most=1)]
