"""What a careful person looks at first in a table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from model_registry.catalog_kit import InvalidInput, Request, Result, check


def run(request: Request) -> Result:
    table = request.input["table"]
    frame = pd.DataFrame(table)
    if frame.shape[1] > 100:
        raise InvalidInput("at most 100 columns", field="table")
    rows = len(frame)
    missing = frame.isna().mean()
    numbers = [c for c in frame if pd.api.types.is_numeric_dtype(frame[c]) and frame[c].dtype != bool]
    described = []
    outliers = 0
    for c in frame:
        values = frame[c].dropna()
        shown = {
            "column": str(c),
            "missing": round(float(missing[c]), 4),
            "distinct": int(values.astype(str).nunique()),
        }
        kinds = {
            "number" if isinstance(v, int | float) and not isinstance(v, bool) else type(v).__name__ for v in values
        }
        shown["type"] = (
            {"str": "text", "bool": "yes or no"}.get(*kinds, *kinds)
            if len(kinds) == 1
            else "mixed"
            if kinds
            else "empty"
        )
        if c in numbers and len(values):
            low, middle, high = np.percentile(values, [25, 50, 75])
            far = (
                int(((values < low - 3 * (high - low)) | (values > high + 3 * (high - low))).sum()) if high > low else 0
            )
            outliers += far
            shown |= {
                "min": float(values.min()),
                "median": float(middle),
                "max": float(values.max()),
                "mean": round(float(values.mean()), 6),
                "outliers": far,
            }
        described.append(shown)
    twins = int(frame.astype(str).duplicated().sum())
    constant = [d["column"] for d in described if d["distinct"] <= 1]
    mixed = [d["column"] for d in described if d["type"] == "mixed"]
    keys = [d["column"] for d in described if d["distinct"] == rows and not d["missing"]]
    related = []
    moving = [c for c in numbers if frame[c].nunique() > 1]
    if len(moving) > 1 and rows > 3:
        r = frame[moving].corr().abs()
        related = [f"{a} ~ {b}" for i, a in enumerate(moving) for b in moving[i + 1 :] if r.loc[a, b] > 0.95]
    checks = [
        check(
            "missing cells",
            bool(missing.mean() < 0.05),
            round(float(missing.mean()), 4),
            "share of all cells, below 5 %",
        ),
        check("duplicate rows", twins == 0, twins, "rows that equal an earlier one"),
        check("constant columns", not constant, len(constant), ", ".join(constant[:10]) or "none"),
        check("mixed types", not mixed, len(mixed), ", ".join(mixed[:10]) or "none"),
        check("far outliers", outliers == 0, outliers, "beyond 3 × the middle half's width"),
        check("columns that say the same", not related, len(related), ", ".join(related[:10]) or "none"),
        check("possible keys", None, len(keys), ", ".join(keys[:10]) or "none"),
    ]
    judged = [c["passed"] for c in checks if c["passed"] is not None]
    return Result(
        {
            "verdict": "clean" if all(judged) else "needs a look",
            "score": round(sum(judged) / len(judged), 4),
            "checks": checks,
            "rows": rows,
            "columns": described,
        }
    )
