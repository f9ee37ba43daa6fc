"""Augmented Dickey–Fuller and KPSS, which ask opposite questions, and the differences that settle both."""

from __future__ import annotations

import warnings as silenced

import numpy as np
from scipy.stats import spearmanr
from statsmodels.tsa.stattools import adfuller, kpss

from model_registry.catalog_kit import InvalidInput, Request, Result, check


def tests(x: np.ndarray) -> tuple[float, float]:
    with silenced.catch_warnings():
        silenced.simplefilter("ignore")
        return float(adfuller(x, autolag="AIC")[1]), float(kpss(x, regression="c", nlags="auto")[1])


def run(request: Request) -> Result:
    x = request.input["series"].values
    if not np.isfinite(x.std()) or x.std() < 1e-12 * max(abs(float(x.mean())), 1e-300):
        raise InvalidInput("the series does not vary, or its numbers are too large", field="series")
    x = (x - x.mean()) / x.std()
    order, work = 0, x
    first = adf, level = tests(x)
    while order < 2 and (adf > 0.05 or level < 0.05):
        work = np.diff(work)
        order += 1
        if work.std() < 1e-9:
            break
        adf, level = tests(work)
    size = max(len(x) // 12, 5)
    spreads = [float(np.std(np.diff(part))) for part in np.array_split(x, max(len(x) // size, 2)) if len(part) > 2]
    trend = spearmanr(range(len(spreads)), spreads) if len(spreads) > 3 else None
    steady = trend is None or not trend.pvalue < 0.01
    return Result({"verdict": "stationary" if order == 0 else f"difference {order} time{'s' if order > 1 else ''}",
                   "score": float(order), "checks": [
        check("unit root refused", first[0] < 0.05, round(first[0], 6), "Dickey–Fuller p, below 0.05 is good"),
        check("level holds", first[1] >= 0.05, round(first[1], 6), "KPSS p (0.01 to 0.1), at least 0.05 is good"),
        check("spread is steady", steady, None if trend is None else round(float(trend.statistic), 4),
              "rank correlation of spread and time; a rising spread asks for a log"),
    ]})
