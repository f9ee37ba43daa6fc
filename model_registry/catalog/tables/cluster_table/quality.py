"""Measured species and cultivars that the groups should find again, and planted clouds."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_iris, load_wine, make_blobs
from sklearn.metrics import adjusted_rand_score

from model_registry.catalog_kit.quality import Ask, Measure


def agreement(ask: Ask, x: np.ndarray, truth: np.ndarray, **parameters: object) -> float:
    table = [{f"c{j}": float(v) for j, v in enumerate(row)} for row in x]
    return float(
        adjusted_rand_score(truth, [r["label"] for r in ask(table=table, parameters=parameters).output["rows"]])
    )


def measure(ask: Ask) -> list[Measure]:
    wine, iris = load_wine(), load_iris()
    x, y = make_blobs(400, centers=5, n_features=4, cluster_std=0.8, random_state=2)
    return [
        Measure(
            "adjusted Rand index, wine",
            agreement(ask, wine.data, wine.target),
            "",
            data="178 wines, 3 cultivars, number of groups chosen by itself",
            at_least=0.85,
        ),
        Measure(
            "adjusted Rand index, iris",
            agreement(ask, iris.data, iris.target, groups=3),
            "",
            data="150 irises, 3 groups asked for",
            at_least=0.55,
        ),
        Measure(
            "adjusted Rand index, clouds",
            agreement(ask, x, y, method="hdbscan"),
            "",
            data="5 planted clouds, HDBSCAN",
            at_least=0.9,
        ),
    ]
