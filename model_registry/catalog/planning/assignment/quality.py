"""Against every possible assignment."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    random, gaps = np.random.default_rng(0), []
    for size in (3, 5, 7):
        for maximise in (False, True):
            costs = random.integers(0, 50, (size, size + 1))
            sums = [sum(costs[i, j] for i, j in enumerate(order)) for order in permutations(range(size + 1), size)]
            best = max(sums) if maximise else min(sums)
            found = ask(problem={"costs": costs.tolist()}, parameters={"maximise": maximise}).output
            used = {(i["resource"], i["name"]) for i in found["items"]}
            gaps.append(abs(found["objective"] - best) + (len(used) != size))
    return [Measure("gap to the optimum", max(gaps), data="six problems of 3 to 7 workers", at_most=0,
                    method="all permutations tried")]
