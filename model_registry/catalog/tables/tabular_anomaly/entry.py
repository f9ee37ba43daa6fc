"""Isolation forest over a table's numbers and small categories."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from model_registry.catalog_kit import InvalidInput, Request, Result

MOST_CATEGORIES = 20


def _matrix(rows: list[dict[str, Any]]) -> tuple[NDArray[np.float64], list[str], list[str]]:
    """Numeric matrix, the field behind each column, and the fields that were left out."""
    fields = list(dict.fromkeys(k for row in rows for k in row))
    columns, names, skipped = [], [], []
    for field in fields:
        cells = [row.get(field) for row in rows]
        given = [c for c in cells if c is not None]
        if given and all(isinstance(c, int | float) for c in given):
            middle = float(np.median([float(c) for c in given]))
            columns.append([middle if c is None else float(c) for c in cells])
            names.append(field)
        elif 1 < len(kinds := sorted({str(c) for c in given})) <= MOST_CATEGORIES:
            columns += [[float(str(c) == kind) for c in cells] for kind in kinds]
            names += [field] * len(kinds)
        else:
            skipped.append(field)
    return np.array(columns, np.float64).T, names, skipped


def run(request: Request) -> Result:
    rows = request.input["rows"]
    matrix, names, skipped = _matrix(rows)
    if not names:
        raise InvalidInput("no field holds numbers or a few categories", field="rows")
    forest = IsolationForest(n_estimators=200, random_state=0).fit(matrix)
    scores = -forest.score_samples(matrix)  # 0…1, about 0.5 for the ordinary row
    centre = np.median(matrix, axis=0)
    scale = 1.4826 * np.median(np.abs(matrix - centre), axis=0)
    scale = np.where(scale > 0, scale, np.maximum(matrix.std(axis=0), 1e-12))
    apart = (matrix - centre) / scale
    marked = set(np.argsort(-scores, kind="stable")[: max(1, round(len(rows) * request.parameters["share"]))].tolist())
    out = []
    for i, score in enumerate(scores):
        best = np.argsort(-np.abs(apart[i]), kind="stable")[:3]
        out.append({"index": i, "score": round(float(score), 4), "label": "anomaly" if i in marked else "normal",
                    "reasons": [{"field": names[j], "contribution": round(float(apart[i, j]), 3)} for j in best]})
    warnings = [f"left out: {', '.join(skipped[:10])}"] if skipped else []
    return Result({"rows": out}, warnings=warnings)
