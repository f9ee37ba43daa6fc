"""Real labelled tables split in two: trained on one half, scored on the other."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.model_selection import train_test_split

from model_registry.catalog_kit.quality import Ask, Measure


def accuracy(ask: Ask, data: object) -> float:
    x, y = data.data, data.target_names[data.target]
    a, b, ya, yb = train_test_split(x, y, test_size=0.5, random_state=0, stratify=y)
    table = [{**{f"c{j}": float(v) for j, v in enumerate(row)}, "class": str(k)} for row, k in zip(a, ya, strict=True)]
    rows = [{f"c{j}": float(v) for j, v in enumerate(row)} for row in b]
    out = ask(table=table, rows=rows, parameters={"target": "class"}).output["rows"]
    return float(np.mean([r["label"] == k for r, k in zip(out, yb, strict=True)]))


def measure(ask: Ask) -> list[Measure]:
    return [
        Measure(
            "accuracy, breast cells",
            accuracy(ask, load_breast_cancer()),
            "",
            data="284 held-out rows of Wisconsin",
            at_least=0.94,
        ),
        Measure("accuracy, wine", accuracy(ask, load_wine()), "", data="89 held-out wines", at_least=0.94),
    ]
