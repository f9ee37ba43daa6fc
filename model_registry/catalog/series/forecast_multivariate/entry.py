"""Vector autoregression; differenced first where a unit root is not refused; lags by BIC."""

from __future__ import annotations

import warnings as silenced

import numpy as np
from statsmodels.tsa.api import VAR
from statsmodels.tsa.stattools import adfuller

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    given = request.input["series"]
    if len({len(s.values) for s in given.values()}) != 1:
        raise InvalidInput("all series must be of one length", field="series")
    steps, names = request.parameters["steps"], list(given)
    x = np.column_stack([s.values for s in given.values()])
    middle, spread = x.mean(0), x.std(0)
    if not np.isfinite(spread).all() or (spread < 1e-12 * np.maximum(np.abs(middle), 1e-300)).any():
        raise InvalidInput("a series does not vary", field="series")
    z = (x - middle) / spread
    with silenced.catch_warnings():
        silenced.simplefilter("ignore")
        rooted = any(adfuller(c, autolag="BIC")[1] > 0.05 for c in z.T)
        work = np.diff(z, axis=0) if rooted else z
        most = min(request.parameters["max_lag"], max((len(work) // (3 * len(names))) - 1, 1))
        try:
            fitted = VAR(work).fit(maxlags=most, ic="bic", trend="c")
            lags = fitted.k_ar
            ahead = fitted.forecast(work[-lags:], steps) if lags else np.tile(work.mean(0), (steps, 1))
            # Moving-average form gives the spread of the sum where the model is of differences.
            coefficients = fitted.ma_rep(steps)
        except (np.linalg.LinAlgError, ValueError):
            raise InvalidInput("the series can't be told apart: one follows from the others", field="series") from None
    if rooted:
        ahead = z[-1] + np.cumsum(ahead, axis=0)
        coefficients = np.cumsum(coefficients, axis=0)
    covariance = np.cumsum([c @ fitted.sigma_u @ c.T for c in coefficients[:steps]], axis=0)
    half = 1.96 * np.sqrt(np.array([np.diag(c) for c in covariance]))
    value, half = ahead * spread + middle, half * spread
    if not np.isfinite(value).all():
        raise InvalidInput("the fitted model is not stable on these series", field="series")
    rows = [{"series": n, "step": k + 1, "value": round(float(value[k, j]), 6),
             "lower": round(float(value[k, j] - half[k, j]), 6), "upper": round(float(value[k, j] + half[k, j]), 6)}
            for j, n in enumerate(names) for k in range(steps)]
    return Result({"columns": ["series", "step", "value", "lower", "upper"], "rows": rows,
                   "summary": {"lags": int(lags), "differenced": rooted}})
