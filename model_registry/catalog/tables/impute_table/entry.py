"""Chained regressions for numbers, the most frequent word for the rest; every filled cell is listed."""

from __future__ import annotations

import warnings as silenced

import numpy as np
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  makes the next import possible
from sklearn.impute import IterativeImputer

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    table = request.input["table"]
    columns = list(dict.fromkeys(n for row in table for n in row))
    if len(columns) > 60:
        raise InvalidInput("at most 60 columns", field="table")
    cells = {c: [row.get(c) for row in table] for c in columns}
    numeric = [
        c
        for c in columns
        if any(v is not None for v in cells[c])
        and all(v is None or (isinstance(v, int | float) and not isinstance(v, bool)) for v in cells[c])
    ]
    filled: list[str] = []
    rows = [{c: cells[c][i] for c in columns} for i in range(len(table))]
    missing = {(i, c) for c in columns for i, v in enumerate(cells[c]) if v is None}
    if not missing:
        return Result({"columns": columns, "rows": rows, "summary": {"filled": 0, "cells": []}})
    if numeric and any(c in numeric for _, c in missing):
        x = np.array([[np.nan if v is None else float(v) for v in cells[c]] for c in numeric]).T
        middle, spread = np.nanmean(x, 0), np.nanstd(x, 0)
        spread[spread == 0] = 1.0
        with silenced.catch_warnings():
            silenced.simplefilter("ignore")
            z = IterativeImputer(random_state=0, max_iter=15, min_value=-6, max_value=6).fit_transform(
                (x - middle) / spread
            )
        for j, c in enumerate(numeric):
            for i in range(len(table)):
                if (i, c) in missing:
                    rows[i][c] = float(f"{z[i, j] * spread[j] + middle[j]:.6g}")
                    filled.append(f"{i}.{c}")
    for c in columns:
        known = [v for v in cells[c] if v is not None]
        if c not in numeric and known:
            usual = max(known, key=lambda v: (known.count(v), str(v))) if len(known) < 500 else known[0]
            for i in range(len(table)):
                if (i, c) in missing:
                    rows[i][c] = usual
                    filled.append(f"{i}.{c}")
    empty = [c for c in columns if all(v is None for v in cells[c])]
    return Result(
        {"columns": columns, "rows": rows, "summary": {"filled": len(filled), "cells": filled}},
        warnings=[f"column {c} is empty and stays so" for c in empty],
    )
