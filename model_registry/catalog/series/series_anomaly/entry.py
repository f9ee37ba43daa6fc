"""STL (or a running median) gives the expected course; residuals are scored by the median absolute deviation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from statsmodels.tsa.seasonal import STL

from model_registry.catalog_kit import InvalidInput, Request, Result


def _baseline(y: NDArray[np.float64], season: int) -> NDArray[np.float64]:
    if season:
        parts = STL(y, period=season).fit()
        return np.asarray(parts.trend + parts.seasonal)
    return np.asarray(median_filter(y, size=min(25, len(y) // 2 * 2 - 1), mode="nearest"))


def _scores(y: NDArray[np.float64], baseline: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    residual = y - baseline
    centre = np.median(residual)
    scale = float(1.4826 * np.median(np.abs(residual - centre)))
    scale = max(scale, 1e-9 * max(1.0, float(np.abs(y).max())))
    return (residual - centre) / scale, scale


def run(request: Request) -> Result:
    y = request.input["series"].values
    season, threshold = request.parameters["season"], request.parameters["threshold"]
    if season == 1:
        raise InvalidInput("a season has at least 2 points; use 0 for none", field="/parameters/season")
    if season and len(y) < 2 * season:
        raise InvalidInput(f"a season of {season} needs at least {2 * season} points", field="series")
    # The plain fit, not the robust one, whose ever smaller residuals cry wolf. A gross point bends the plain fit and
    # taints its neighbours, so the worst points are replaced by the middle of their phase and the rest is fitted again.
    step = season or 1
    clean = y.copy()
    for _ in range(2):
        first, _scale = _scores(y, _baseline(clean, season))
        worst = [i for i in np.argsort(-np.abs(first))[: max(1, len(y) // 20)] if abs(first[i]) > threshold]
        for i in worst:
            near = [j for j in (i - 2 * step, i - step, i + step, i + 2 * step) if 0 <= j < len(y) and j not in worst]
            if near:
                clean[i] = np.median(y[near])
    baseline = _baseline(clean, season)
    scores, scale = _scores(y, baseline)
    hits = np.flatnonzero(np.abs(scores) > threshold)
    anomalies = [{"index": int(i), "value": float(y[i]), "score": round(float(min(abs(scores[i]), 1e6)), 3)}
                 for i in hits]
    anomalies.sort(key=lambda a: -a["score"])
    return Result({"values": y, "baseline": np.round(baseline, 6), "anomalies": anomalies,
                   "summary": {"scale": float(scale), "threshold": threshold, "season": season}})
