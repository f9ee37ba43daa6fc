"""A structural model of the time before, with controls as regressors, forecast past the event."""

from __future__ import annotations

import warnings as silenced

import numpy as np
from statsmodels.tsa.statespace.structural import UnobservedComponents

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    y, at = request.input["series"].values, request.parameters["event"]
    controls = request.input["controls"] or {}
    if any(len(c.values) != len(y) for c in controls.values()):
        raise InvalidInput("controls must be as long as the series", field="controls")
    if not 20 <= at < len(y):
        raise InvalidInput("the event needs at least 20 points before it and one after", field="event")
    middle, spread = float(y[:at].mean()), float(y[:at].std())
    if not np.isfinite(spread) or spread == 0:
        raise InvalidInput("the series does not vary before the event", field="series")
    x = None
    if controls:
        x = np.column_stack([c.values for c in controls.values()])
        scale = x[:at].std(0)
        if not np.isfinite(scale).all() or (scale == 0).any():
            raise InvalidInput("a control does not vary before the event", field="controls")
        x = (x - x[:at].mean(0)) / scale
    with silenced.catch_warnings():
        silenced.simplefilter("ignore")
        try:
            model = UnobservedComponents(
                (y[:at] - middle) / spread, level="local level", exog=None if x is None else x[:at]
            )
            fitted = model.fit(disp=False, maxiter=80)
            ahead = fitted.get_forecast(len(y) - at, exog=None if x is None else x[at:])
        except (np.linalg.LinAlgError, ValueError):
            raise InvalidInput("no model fits the time before the event", field="series") from None
    value, error = ahead.predicted_mean * spread + middle, ahead.se_mean * spread
    gain = y[at:] - value
    # The level's steps add up, so the errors of single points are not independent: the variance of their mean is
    # that of the level at the event, of each later step by the share of points that feel it, and of the noise.
    n = len(gain)
    noise, step = fitted.params[0], fitted.params[1]
    weights = np.arange(n, 0, -1) / n
    variance = float(fitted.filtered_state_cov[0, 0, -1] + step * (weights**2).sum() + noise / n)
    mean, half = float(gain.mean()), 1.96 * np.sqrt(variance) * spread
    forecast = [
        {
            "step": int(at + i),
            "value": round(float(v), 6),
            "lower": round(float(v - 1.96 * e), 6),
            "upper": round(float(v + 1.96 * e), 6),
        }
        for i, (v, e) in enumerate(zip(value, error, strict=True))
    ]
    return Result(
        {
            "history": y,
            "forecast": forecast,
            "method": "what would have been, without the event",
            "backtest": {
                "effect": round(mean, 6),
                "lower": round(float(mean - half), 6),
                "upper": round(float(mean + half), 6),
                "relative": round(mean / float(value.mean()), 6) if value.mean() else None,
                "total": round(float(gain.sum()), 6),
                "clear": bool(abs(mean) > half),
            },
        }
    )
