"""Logistic regression over 30 cytology features; reasons are each feature's share of the logit."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result

MEASURES = ("radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave_points",
            "symmetry", "fractal_dimension")
FIELDS = tuple(f"{kind}_{name}" for kind in ("mean", "error", "worst") for name in MEASURES)
LARGEST = 1e6


def run(request: Request) -> Result:
    values = np.empty((len(request.input["rows"]), len(FIELDS)), np.float32)
    for i, row in enumerate(request.input["rows"]):
        for j, field in enumerate(FIELDS):
            cell = row.get(field)
            if isinstance(cell, bool) or not isinstance(cell, int | float) or not 0 <= cell <= LARGEST:
                raise InvalidInput(f"{field} must be a number from 0 to {LARGEST:g}", field=f"rows/{i}/{field}")
            values[i, j] = cell
    scores = request.nets.run("cytology-lr", {"features": values})["probabilities"][:, 1]
    return Result({"rows": [{"index": i, "score": round(float(p), 4), "label": "malignant" if p > 0.5 else "benign"}
                            for i, p in enumerate(scores)], "score_of": "malignant"},
                  warnings=["research use, not for diagnosis"])
