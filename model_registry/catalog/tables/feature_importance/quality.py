"""A function in which five of ten columns matter (Friedman), and noise alone."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import make_friedman1

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    hits = []
    for seed in range(2):
        x, y = make_friedman1(400, noise=1.0, random_state=seed)
        rows = ask(
            table=[
                {**{f"c{j}": float(v) for j, v in enumerate(r)}, "target": float(t)} for r, t in zip(x, y, strict=True)
            ]
        ).output["rows"]
        hits.append(len({r["label"] for r in rows[:5]} & {f"c{j}" for j in range(5)}) / 5)
    noise = np.random.default_rng(0).normal(size=(300, 6))
    null = ask(
        table=[{**{f"c{j}": float(v) for j, v in enumerate(r[:5])}, "target": float(r[5])} for r in noise]
    ).output
    return [
        Measure(
            "true drivers among the first five",
            float(np.mean(hits)),
            "",
            data="Friedman's function, 5 of 10 columns matter, 2 draws",
            at_least=0.9,
        ),
        Measure(
            "largest importance of noise",
            max(r["score"] for r in null["rows"]),
            "",
            data="300 rows without any relation",
            at_most=0.15,
        ),
    ]
