"""Small random groups solved again by trying every pairing."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def best(names: list[str], weight: dict[tuple[str, str], float]) -> float:
    if len(names) < 2:
        return 0.0
    first, rest = names[0], names[1:]
    return max(
        best(rest, weight), *(weight[first, other] + best([n for n in rest if n != other], weight) for other in rest)
    )


def measure(ask: Ask) -> list[Measure]:
    worst = 0.0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        names = [f"m{i}" for i in range(8)]
        weight = {(a, b): float(rng.integers(1, 50)) for i, a in enumerate(names) for b in names[i + 1 :]}
        found = ask(graph={"edges": [[a, b, w] for (a, b), w in weight.items()]}).output["summary"]["weight"]
        worst = max(worst, abs(found - best(names, weight)))
    return [Measure("weight below the best", worst, "", data="6 groups of 8, every pairing", at_most=1e-9)]
