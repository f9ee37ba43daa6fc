"""Handwritten digits: does the nearest point on the plane show the same digit?"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    data = load_digits()
    x, y = data.data[:350], data.target[:350]
    table = [{f"p{j}": float(v) for j, v in enumerate(row)} for row in x]
    found = []
    for method in ("t-sne", "pca"):
        rows = ask(table=table, parameters={"method": method}).output["rows"]
        flat = np.array([[r["x"], r["y"]] for r in rows])
        near = KNeighborsClassifier(2).fit(flat, y).kneighbors(flat, return_distance=False)[:, 1]
        found.append(float(np.mean(y[near] == y)))
    return [Measure("same digit next to it, t-SNE", found[0], "", data="350 handwritten digits", at_least=0.85),
            Measure("same digit next to it, PCA", found[1], "", data="the same", at_least=0.4)]
