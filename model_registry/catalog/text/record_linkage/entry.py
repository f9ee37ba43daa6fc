"""Weighted string similarity of shared columns, then the best one-to-one assignment."""

from __future__ import annotations

import math

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.utils import default_process
from scipy.optimize import linear_sum_assignment

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    left, right = request.input["left"], request.input["right"]
    shared = (
        [c for c in left[0] if c in right[0]] if not request.parameters["columns"] else request.parameters["columns"]
    )
    if not shared or any(c not in row for c in shared for row in (left[0], right[0])):
        raise InvalidInput("the tables share no column with this name", field="right")
    if len(shared) > 20:
        raise InvalidInput("at most 20 columns are compared", field="/parameters/columns")
    total = np.zeros((len(left), len(right)))
    weights = np.zeros_like(total)
    for column in shared:
        a, b = (
            [default_process(str(row.get(column) if row.get(column) is not None else "")) for row in rows]
            for rows in (left, right)
        )
        distinct = len(set(a) | set(b))
        weight = math.log(1 + distinct)
        # Above chance only: two unlike words still share letters.
        score = np.clip((process.cdist(a, b, scorer=fuzz.ratio, dtype=np.float32) / 100 - 0.4) / 0.6, 0, 1)
        known = np.outer([bool(v) for v in a], [bool(v) for v in b])
        total += weight * score * known
        weights += weight * known
    score = np.divide(total, weights, out=np.zeros_like(total), where=weights > 0)
    rows_index, columns_index = linear_sum_assignment(score, maximize=True)
    least = request.parameters["least"]
    rows = []
    for i, j in zip(rows_index, columns_index, strict=True):
        if score[i, j] >= least:
            second = float(np.partition(score[i], -2)[-2]) if score.shape[1] > 1 else 0.0
            rows.append(
                {"left": int(i), "right": int(j), "score": round(float(score[i, j]), 4), "runner_up": round(second, 4)}
            )
    rows.sort(key=lambda r: r["left"])
    return Result(
        {
            "columns": ["left", "right", "score", "runner_up"],
            "rows": rows,
            "summary": {
                "pairs": len(rows),
                "left_alone": len(left) - len(rows),
                "right_alone": len(right) - len(rows),
                "compared": shared,
            },
        }
    )
