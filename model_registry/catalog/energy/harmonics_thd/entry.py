"""Harmonics by least squares of sines at multiples of the fundamental, whose frequency is refined first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit import InvalidInput, Request, Result


def _fit(x: NDArray[np.float64], t: NDArray[np.float64], f0: float, count: int) -> tuple[NDArray[np.float64], float]:
    """Amplitudes of the harmonics and the squared remainder."""
    angles = 2 * np.pi * f0 * np.outer(t, np.arange(1, count + 1))
    basis = np.concatenate([np.ones((len(t), 1)), np.cos(angles), np.sin(angles)], axis=1)
    weights, *_ = np.linalg.lstsq(basis, x, rcond=None)
    return np.hypot(weights[1 : count + 1], weights[count + 1 :]), float(np.sum((x - basis @ weights) ** 2))


def run(request: Request) -> Result:
    p = request.parameters
    x = request.input["signal"].values[:20_000]
    t = np.arange(len(x)) / p["rate"]
    if t[-1] * p["fundamental"] < 3:
        raise InvalidInput("at least three periods of the fundamental are needed", field="signal")
    count = min(p["harmonics"], int(p["rate"] / 2 / (p["fundamental"] * 1.03)))
    if count < 2:
        raise InvalidInput("the sample rate is too low for harmonics", field="/parameters/rate")
    if np.ptp(x) <= 0:
        raise InvalidInput("the signal does not vary", field="signal")
    f0, width = float(p["fundamental"]), 0.02
    for _ in range(5):  # each round narrows the search fivefold around the best of 11 frequencies
        tries = f0 * (1 + np.linspace(-width, width, 11))
        f0 = float(tries[int(np.argmin([_fit(x[:4000], t[:4000], f, count)[1] for f in tries]))])
        width /= 5
    sizes, rest = _fit(x, t, f0, count)
    if sizes[0] <= 1e-9 * np.ptp(x):
        raise InvalidInput("there is no fundamental at this frequency", field="signal")
    thd = float(np.sqrt(np.sum(sizes[1:] ** 2)) / sizes[0])
    values = [{"name": "fundamental", "value": round(f0, 4), "unit": "Hz"},
              {"name": "amplitude", "value": round(float(sizes[0]), 6)},
              {"name": "THD", "value": round(100 * thd, 4), "unit": "%"},
              {"name": "remainder", "value": round(float(np.sqrt(rest / len(x))), 6), "note": "rms besides"}]
    values += [{"name": f"harmonic {i + 1}", "value": round(float(100 * s / sizes[0]), 4), "unit": "%"}
               for i, s in enumerate(sizes) if i]
    return Result({"values": values})
