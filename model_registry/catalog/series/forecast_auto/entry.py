"""Naive, drift, Theta and two exponential smoothing models compete in a rolling backtest; the best one forecasts."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.forecasting.theta import ThetaModel

from model_registry.catalog_kit import Request, Result

Values = NDArray[np.float64]
Model = Callable[[Values, int, int], Values]
FOLDS = 3


def find_season(y: Values) -> int:
    """The lag (2…n/3) at which the differenced series repeats best; 1 where nothing repeats clearly."""
    d = np.diff(y)
    d = d - d.mean()
    power = float(d @ d)
    if power <= 1e-12 * max(1.0, float(y @ y)):
        return 1
    longest = min(len(y) // 3, 366)
    acf = np.array([1.0, 0.0, *(float(d[:-k] @ d[k:]) / power for k in range(2, longest + 1))])
    if len(acf) < 3:
        return 1
    best = int(np.argmax(acf[2:])) + 2
    return best if acf[best] > max(0.3, 3 / np.sqrt(len(d))) else 1


def naive(y: Values, h: int, season: int) -> Values:
    """The last season again (with season 1, the last value)."""
    return np.resize(y[-season:], h)


def drift(y: Values, h: int, season: int) -> Values:
    """The last season again, moved along the straight line between the first and the last season."""
    slope = (y[-season:].mean() - y[:season].mean()) / max(1, len(y) - season)
    return naive(y, h, season) + slope * season * (np.arange(h) // season + 1)


def theta(y: Values, h: int, season: int) -> Values:
    """The Theta method on the seasonally adjusted series."""
    method = "multiplicative" if (y > 0).all() else "additive"
    fitted = ThetaModel(y, period=season, deseasonalize=season > 1, method=method).fit()
    return np.asarray(fitted.forecast(h), np.float64)


def _ets(error: str) -> Model:
    def fit(y: Values, h: int, season: int) -> Values:
        seasonal = error if season > 1 else None
        model = ETSModel(y, error=error, trend="add", damped_trend=True, seasonal=seasonal,
                         seasonal_periods=season if seasonal else None)
        return np.asarray(model.fit(disp=False, maxiter=150).forecast(h), np.float64)
    return fit


def _candidates(y: Values, season: int) -> dict[str, Model]:
    found: dict[str, Model] = {"seasonal-naive" if season > 1 else "naive": naive, "drift": drift, "theta": theta}
    if season <= 24:  # more seasonal states than this are slow to fit and rarely pay
        found["ets-additive"] = _ets("add")
        if (y > 0).all():
            found["ets-multiplicative"] = _ets("mul")
    return found


def _try(model: Model, y: Values, h: int, season: int) -> Values | None:
    """A model's forecast, or None where it does not converge to anything sensible."""
    try:
        out = model(y, h, season)
    except (ValueError, np.linalg.LinAlgError, FloatingPointError, IndexError):
        return None
    reach = 10 * (np.abs(y).max() + np.ptp(y) + 1e-9)
    return out if len(out) == h and np.isfinite(out).all() and np.abs(out).max() < reach else None


def _backtest(y: Values, horizon: int, season: int) -> tuple[dict[str, Any], dict[str, NDArray[np.float64]]]:
    """Mean absolute error and the errors [fold, step] of each candidate over the last windows of the series."""
    least = max(8, 2 * season + 2)
    window = max(1, min(horizon, (len(y) - least) // 2, 24))
    folds = max(1, min(FOLDS, (len(y) - least) // window))
    scores: dict[str, Any] = {}
    errors: dict[str, NDArray[np.float64]] = {}
    for name, model in _candidates(y, season).items():
        rows = []
        for fold in range(folds):
            end = len(y) - window * (fold + 1)
            out = _try(model, y[:end], window, season) if end >= 4 else None
            if out is None:
                break
            rows.append(y[end : end + window] - out)
        else:
            errors[name] = np.array(rows)
            scores[name] = float(np.abs(errors[name]).mean())
    return {"window": window, "folds": folds, "mae": scores}, errors


def run(request: Request) -> Result:
    y = request.input["series"].values
    horizon, level = request.parameters["horizon"], request.parameters["level"]
    season = request.parameters["season"] or find_season(y)
    notes = []
    if season > 1 and len(y) < 2 * season + 8:
        notes.append(f"too short for a season of {season}: forecast without one")
        season = 1
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # convergence notes; _try judges the forecast itself
        backtest, errors = _backtest(y, horizon, season)
        chosen, point = "naive", naive(y, horizon, season)
        for name in sorted(backtest["mae"], key=lambda n: backtest["mae"][n]):
            out = _try(_candidates(y, season)[name], y, horizon, season)
            if out is not None:
                chosen, point = name, out
                break
    residuals = errors.get(chosen, np.diff(y)[None, :])
    # One spread for the backtest's window; beyond it errors grow like those of a random walk.
    spread = float(np.sqrt(np.mean(residuals**2)))
    steps = np.arange(1, horizon + 1)
    half = norm.ppf(0.5 + level / 200) * spread * np.sqrt(np.maximum(1.0, steps / backtest["window"]))
    backtest |= {"mae": {k: round(v, 6) for k, v in backtest["mae"].items()}, "season": season}
    forecast = [{"step": int(s), "value": round(float(v), 6), "lower": round(float(v - w), 6),
                 "upper": round(float(v + w), 6)} for s, v, w in zip(steps, point, half, strict=True)]
    return Result({"history": y, "forecast": forecast, "method": chosen, "backtest": backtest}, warnings=notes)
