"""Against Bellman and Ford on random networks."""

from __future__ import annotations

import math

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    random, gaps = np.random.default_rng(0), []
    for directed in (False, True):
        for size in (8, 30, 80):
            edges = [(f"n{a}", f"n{b}", round(float(random.uniform(0, 10)), 3))
                     for a, b in random.integers(0, size, (4 * size, 2)) if a != b]
            edges += [(f"n{i}", f"n{i + 1}", 15.0) for i in range(size - 1)]
            best = {f"n{i}": math.inf for i in range(size)} | {"n0": 0.0}
            for _ in range(size):
                for a, b, w in edges + ([] if directed else [(b, a, w) for a, b, w in edges]):
                    best[b] = min(best[b], best[a] + w)
            goal = f"n{size - 1}"
            found = ask(graph={"edges": [list(e) for e in edges]}, start="n0", goal=goal,
                        parameters={"directed": directed}).output
            walked = sum(e["weight"] for e in found["edges"])
            gaps += [abs(found["summary"]["length"] - best[goal]), abs(walked - best[goal])]
    return [Measure("error of the length", max(gaps), data="six random networks of 8 to 80 nodes", at_most=1e-6,
                    method="Bellman and Ford")]
