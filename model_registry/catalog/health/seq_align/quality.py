"""Gotoh's recursion written out here, on random pairs; and a textbook score."""

from __future__ import annotations

import random

from model_registry.catalog_kit.quality import Ask, Measure


def score(a: str, b: str) -> float:
    low = float("-inf")
    m = [[low] * (len(b) + 1) for _ in range(len(a) + 1)]
    x, y = [row[:] for row in m], [row[:] for row in m]
    m[0][0] = 0
    for i in range(len(a) + 1):
        for j in range(len(b) + 1):
            if i and j:
                hit = 2 if a[i - 1] == b[j - 1] else -3
                m[i][j] = hit + max(m[i - 1][j - 1], x[i - 1][j - 1], y[i - 1][j - 1])
            if i:
                x[i][j] = max(m[i - 1][j] - 5, x[i - 1][j] - 2, y[i - 1][j] - 5)
            if j:
                y[i][j] = max(m[i][j - 1] - 5, y[i][j - 1] - 2, x[i][j - 1] - 5)
    return max(m[-1][-1], x[-1][-1], y[-1][-1])


def measure(ask: Ask) -> list[Measure]:
    rng, worst = random.Random(0), 0.0
    for _ in range(12):
        a = "".join(rng.choices("ACGT", k=rng.randint(15, 40)))
        b = "".join(c for c in a if rng.random() > 0.15) + "".join(rng.choices("ACGT", k=3))
        found = ask(first=a, second=b, parameters={"kind": "dna", "mode": "global"}).values["score"]
        worst = max(worst, abs(found - score(a, b)))
    local = ask(first="TTTTACGTACGTTTTT", second="GGGACGTACGGGG", parameters={"kind": "dna", "mode": "local"})
    return [
        Measure("score error", worst, "", data="12 random pairs, recursion written out", at_most=1e-9),
        Measure(
            "letters missed by the local alignment",
            abs(local.values["identities"] - 8),
            "",
            data="ACGTACG and a neighbour planted",
            at_most=1,
        ),
    ]
