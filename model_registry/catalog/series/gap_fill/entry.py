"""Local level, slope and season by the Kalman smoother; gaps take the smoothed signal."""

from __future__ import annotations

import warnings as silenced

import numpy as np
from statsmodels.tsa.statespace.structural import UnobservedComponents

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    x, season = request.input["series"].values, request.parameters["season"]
    known = np.isfinite(x)
    if known.sum() < max(10, 2 * season) or known.all():
        raise InvalidInput("there is no gap" if known.all() else "too few known points", field="series")
    middle, spread = float(x[known].mean()), float(x[known].std())
    if spread == 0 or not np.isfinite(spread):
        raise InvalidInput("the series does not vary, or its numbers are too large", field="series")
    terms = {"level": "local linear trend" if known.sum() > 60 else "local level"}
    if season > 1:
        terms["freq_seasonal"] = [{"period": season, "harmonics": min(season // 2, 4)}]
    with silenced.catch_warnings():
        silenced.simplefilter("ignore")
        try:
            fitted = UnobservedComponents((x - middle) / spread, **terms).fit(disp=False, maxiter=60)
            state, covariance = fitted.smoothed_state, fitted.smoothed_state_cov
            design = fitted.model.ssm["design"][0]
        except (np.linalg.LinAlgError, ValueError):
            raise InvalidInput("no structural model fits this series", field="series") from None
    signal = design @ state
    noise = float(fitted.params[0]) if fitted.model.irregular else 0.0
    error = np.sqrt(np.maximum(np.einsum("i,ijt,j->t", design, covariance, design) + noise, 0))
    forecast = [
        {
            "step": int(i),
            "value": round(float(signal[i] * spread + middle), 6),
            "lower": round(float((signal[i] - 1.96 * error[i]) * spread + middle), 6),
            "upper": round(float((signal[i] + 1.96 * error[i]) * spread + middle), 6),
        }
        for i in np.flatnonzero(~known)
    ]
    history = [
        float(v) if k else f for v, k, f in zip(x, known, np.round(signal * spread + middle, 6).tolist(), strict=True)
    ]
    return Result(
        {
            "history": history,
            "forecast": forecast,
            "method": "structural model, Kalman smoother",
            "backtest": {"filled": len(forecast), "known": int(known.sum())},
        }
    )
