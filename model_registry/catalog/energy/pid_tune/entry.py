"""First order plus dead time by least squares, then tuning rules."""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    y, p = request.input["response"].values, request.parameters
    step, size, at = p["seconds"], p["step_size"], p["step_at"]
    if at >= len(y) - 10:
        raise InvalidInput("at least ten points after the step are needed", field="/parameters/step_at")
    start = float(y[: at + 1].mean())
    x = (y[at:] - start) / size
    t = np.arange(len(x)) * step
    if not np.isfinite(x.std()) or x.std() < 1e-12:
        raise InvalidInput("the response does not move, or its numbers are too large", field="response")
    final = float(x[-max(len(x) // 10, 1) :].mean())
    half = t[int(np.argmax(np.abs(x) >= 0.5 * abs(final)))]

    def model(v: np.ndarray) -> np.ndarray:
        gain, tau, delay = v[0], np.exp(v[1]), np.exp(v[2])
        return gain * (1 - np.exp(-np.maximum(t - delay, 0) / tau))

    best = min(
        (
            least_squares(
                lambda v: model(v) - x,
                [final, np.log(max(half * a, step / 5)), np.log(max(half * b, step / 10))],
                max_nfev=300,
            )
            for a, b in ((1.0, 0.2), (0.5, 0.8), (2.0, 0.05))
        ),
        key=lambda r: r.cost,
    )
    gain, tau, delay = float(best.x[0]), float(np.exp(best.x[1])), float(np.exp(best.x[2]))
    fit = 1 - float(((model(best.x) - x) ** 2).sum() / max(((x - x.mean()) ** 2).sum(), 1e-300))
    if abs(gain) < 1e-9 or tau > 1e6 * step * len(x):
        raise InvalidInput("no first-order response fits this series", field="response")
    dead = max(delay, step / 2)
    soft = p["softness"] * dead
    simc = (tau / (gain * (soft + dead)), min(tau, 4 * (soft + dead)))
    slow = (tau / (gain * (3 * tau + dead)), tau)
    zn = (1.2 * tau / (gain * dead), 2 * dead, 0.5 * dead)
    values = [
        {"name": "gain", "value": round(gain, 6)},
        {"name": "time_constant", "value": round(tau, 6), "unit": "s"},
        {"name": "dead_time", "value": round(delay, 6), "unit": "s"},
        {"name": "fit", "value": round(fit, 6), "note": "R², 1 is exact"},
        {"name": "simc_kp", "value": round(simc[0], 6)},
        {"name": "simc_ti", "value": round(simc[1], 6), "unit": "s"},
        {"name": "lambda_kp", "value": round(slow[0], 6), "note": "slow and safe"},
        {"name": "lambda_ti", "value": round(slow[1], 6), "unit": "s"},
        {"name": "zn_kp", "value": round(zn[0], 6), "note": "fast, oscillates"},
        {"name": "zn_ti", "value": round(zn[1], 6), "unit": "s"},
        {"name": "zn_td", "value": round(zn[2], 6), "unit": "s"},
    ]
    return Result(
        {"values": values},
        warnings=["the fit is poor: not a first-order process, or not one step"] if fit < 0.9 else [],
    )
