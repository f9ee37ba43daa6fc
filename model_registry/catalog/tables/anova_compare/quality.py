"""A published table (plant growth, F 4.846, p 0.0159), the rate of false alarms, and the power."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure

GROWTH = {
    "ctrl": [4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14],
    "trt1": [4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69],
    "trt2": [6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15, 5.80, 5.26],
}


def measure(ask: Ask) -> list[Measure]:
    known = ask(groups=GROWTH).output["score"]
    rng = np.random.default_rng(0)
    same = np.mean(
        [ask(groups={k: rng.normal(size=20).tolist() for k in "abc"}).output["score"] < 0.05 for _ in range(200)]
    )
    other = np.mean(
        [
            ask(groups={k: rng.normal(m, 1, 20).tolist() for k, m in zip("abc", (0, 0, 1.2), strict=True)}).output[
                "score"
            ]
            < 0.05
            for _ in range(100)
        ]
    )
    return [
        Measure("error of p", abs(known - 0.01591), "", data="plant growth of R, p .0159", at_most=1e-5),
        Measure("false alarms at 5 %", float(same), "", data="200 triples without a difference", at_most=0.085),
        Measure("differences found", float(other), "", data="100 triples, one shifted by 1.2 σ", at_least=0.9),
    ]
