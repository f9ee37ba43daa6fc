"""Granger tests of every ordered pair, Holm-corrected, and the lag of the strongest cross-correlation."""

from __future__ import annotations

import warnings as silenced
from itertools import permutations

import numpy as np
from statsmodels.tsa.api import VAR
from statsmodels.tsa.stattools import adfuller

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    given, most = request.input["series"], request.parameters["max_lag"]
    if len({len(s.values) for s in given.values()}) != 1:
        raise InvalidInput("all series must be of one length", field="series")
    columns = {}
    n = len(next(iter(given.values())).values)
    most = min(most, (n - 10) // 6)
    with silenced.catch_warnings():
        silenced.simplefilter("ignore")
        for name, s in given.items():
            x = s.values
            if not np.isfinite(x.std()) or x.std() < 1e-12 * max(abs(float(x.mean())), 1e-300):
                raise InvalidInput("the series does not vary, or its numbers are too large", field=f"series/{name}")
            columns[name] = (x - x.mean()) / x.std()
        rooted = any(adfuller(x, autolag="BIC")[1] > 0.05 for x in columns.values())
        if rooted:
            columns = {k: np.diff(v) for k, v in columns.items()}
        tested = []
        for a, b in permutations(columns, 2):
            pair = np.column_stack([columns[b], columns[a]])
            try:
                fitted = VAR(pair).fit(maxlags=most, ic="bic")
                fitted = fitted if fitted.k_ar else VAR(pair).fit(1)
                p = float(fitted.test_causality(0, 1, kind="f").pvalue)
            except (np.linalg.LinAlgError, ValueError):
                raise InvalidInput(f"{a} and {b} follow from one another exactly", field="series") from None
            x, y = columns[a], columns[b]
            r = [float(np.corrcoef(x[: len(x) - k] if k else x, y[k:])[0, 1]) for k in range(most + 1)]
            lag = int(np.nanargmax(np.abs(r))) if np.isfinite(r).any() else 0
            tested.append([a, b, p if np.isfinite(p) else 1.0, lag, r[lag]])
    least = 0.0
    for rank, row in enumerate(sorted(tested, key=lambda t: t[2])):
        least = row[2] = min(max(least, row[2] * (len(tested) - rank)), 1.0)
    values = [{"name": f"{a} → {b}", "value": float(f"{p:.4g}"),
               "note": f"{'leads' if p < 0.05 else 'no lead'}; correlation {r:.3f} at lag {lag}"}
              for a, b, p, lag, r in tested]
    return Result({"values": values, "differenced": rooted})
