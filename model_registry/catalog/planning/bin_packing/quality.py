"""Sets cut from full bins, whose least number of bins is therefore known."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    excess = overfull = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        sizes: list[int] = []
        for _ in range(8):
            cuts = np.sort(rng.choice(np.arange(5, 96), 3, replace=False))
            sizes += np.diff([0, *cuts, 100]).tolist()
        out = ask(
            problem={"capacity": 100, "items": [{"name": f"i{k}", "size": int(s)} for k, s in enumerate(sizes)]}
        ).output
        excess += out["objective"] - 8
        overfull += sum(load > 100 for load in out["summary"]["loads"].values())
    return [
        Measure("bins above the optimum", excess, "of 80", data="10 sets cut from 8 full bins each", at_most=2),
        Measure("overfull bins", overfull, "", data="the same", at_most=0),
    ]
