"""States known from the simulation."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    right = {"mean": [], "spread": []}
    for seed in range(6):
        rng = np.random.default_rng(seed)
        state = np.repeat(rng.permutation([0, 1] * 5), rng.integers(40, 90, 10))
        for by, x in (
            ("mean", 3.0 * state + rng.normal(size=len(state))),
            ("spread", rng.normal(size=len(state)) * (1 + 3 * state)),
        ):
            out = np.zeros(len(state), int)
            for r in ask(series=x.tolist(), parameters={"by": by}).output["rows"]:
                out[r["start"] : r["end"]] = r["regime"] - 1
            right[by].append(float((out == state).mean()))
    return [
        Measure(
            "points in the right regime, by level",
            float(np.mean(right["mean"])),
            "",
            data="6 simulated series, levels 3 σ apart",
            at_least=0.97,
        ),
        Measure(
            "points in the right regime, by spread",
            float(np.mean(right["spread"])),
            "",
            data="6 series whose spread changes fourfold",
            at_least=0.9,
        ),
    ]
