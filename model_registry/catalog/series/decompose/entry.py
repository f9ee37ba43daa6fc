"""STL decomposition with the strengths of trend and season (Hyndman)."""

from __future__ import annotations

import numpy as np
from statsmodels.tsa.seasonal import STL

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    y, season = request.input["series"].values, request.parameters["season"]
    if len(y) < 2 * season:
        raise InvalidInput(f"a season of {season} needs at least {2 * season} points", field="series")
    parts = STL(y, period=season, robust=request.parameters["robust"]).fit()

    def strength(part: np.ndarray) -> float:
        whole = float(np.var(part + parts.resid))
        return round(max(0.0, 1 - float(np.var(parts.resid)) / whole), 4) if whole > 0 else 0.0

    names = ("value", "trend", "season", "remainder")
    columns = zip(y, parts.trend, parts.seasonal, parts.resid, strict=True)
    rows = [{"index": i, **{k: round(float(v), 6) for k, v in zip(names, row, strict=True)}}
            for i, row in enumerate(columns)]
    return Result({"columns": ["index", *names], "rows": rows, "summary": {
        "trend_strength": strength(parts.trend), "season_strength": strength(parts.seasonal)}})
