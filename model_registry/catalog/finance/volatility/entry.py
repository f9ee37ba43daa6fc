"""GARCH(1,1) by maximum likelihood, and the volatility forecast."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.signal import lfilter

from model_registry.catalog_kit import InvalidInput, Request, Result


def variances(x: NDArray[np.float64], omega: float, alpha: float, beta: float) -> NDArray[np.float64]:
    """Conditional variances; the first is the sample's."""
    start = float(np.mean(x**2))
    driven = omega + alpha * x[:-1] ** 2
    rest, _ = lfilter([1.0], [1.0, -beta], driven, zi=[beta * start])
    return np.concatenate([[start], rest])


def run(request: Request) -> Result:
    raw = request.input["returns"].values
    scale = float(raw.std())
    if scale < 1e-12 or not np.isfinite(scale):
        raise InvalidInput("the returns do not vary", field="returns")
    x = (raw - raw.mean()) / scale

    def loss(p: NDArray[np.float64]) -> float:
        alpha, beta = p
        if alpha + beta >= 0.9999:
            return 1e6
        h = variances(x, (1 - alpha - beta) * float(np.mean(x**2)), alpha, beta)
        return float(0.5 * (np.log(h) + x**2 / h).sum())

    starts = [(0.05, 0.9), (0.1, 0.8), (0.2, 0.5), (0.02, 0.1)]
    found = min((minimize(loss, s, method="Nelder-Mead", bounds=[(0, 0.999), (0, 0.999)],
                          options={"xatol": 1e-6, "fatol": 1e-8, "maxiter": 800}) for s in starts), key=lambda r: r.fun)
    alpha, beta = (float(v) for v in found.x)
    omega = (1 - alpha - beta) * float(np.mean(x**2))
    h = variances(x, omega, alpha, beta)
    ahead = omega + alpha * x[-1] ** 2 + beta * h[-1]
    forecast = []
    for step in range(1, request.parameters["steps"] + 1):
        forecast.append({"step": step, "value": round(scale * math.sqrt(ahead), 9), "lower": None, "upper": None})
        ahead = omega + (alpha + beta) * ahead
    persistence = alpha + beta
    return Result({"history": np.round(scale * np.sqrt(h), 9), "forecast": forecast, "method": "GARCH(1,1)",
                   "backtest": {"alpha": round(alpha, 4), "beta": round(beta, 4), "omega": round(omega * scale**2, 12),
                                "half_life": round(math.log(0.5) / math.log(persistence), 2)
                                if 0 < persistence < 1 else None}})
