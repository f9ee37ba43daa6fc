"""The held-out part of the Wisconsin data: the split that training/cytology.py keeps out, by the same seed."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from model_registry.catalog_kit.quality import Ask, Measure

MEASURES = ("radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave_points",
            "symmetry", "fractal_dimension")
FIELDS = [f"{kind}_{name}" for kind in ("mean", "error", "worst") for name in MEASURES]


def measure(ask: Ask) -> list[Measure]:
    data = load_breast_cancer()
    malignant = 1 - data.target
    _, x, _, y = train_test_split(data.data, malignant, test_size=0.3, random_state=0, stratify=malignant)
    rows = ask(rows=[dict(zip(FIELDS, row.tolist(), strict=True)) for row in x]).output["rows"]
    said = np.array([row["label"] == "malignant" for row in rows])
    held = "171 held-out samples of 569, Wisconsin Diagnostic Breast Cancer"
    method = "stratified split, seed 0"
    return [Measure("accuracy", 100 * float((said == y).mean()), "%", data=held, method=method, at_least=93),
            Measure("sensitivity", 100 * float(said[y == 1].mean()), "%", data=held, method=method, at_least=90),
            Measure("specificity", 100 * float(1 - said[y == 0].mean()), "%", data=held, method=method, at_least=93),
            Measure("AUC", float(roc_auc_score(y, [row["score"] for row in rows])), data=held, method=method,
                    at_least=0.98)]
