"""Machine state from the order spectra of vibration, averaged over windows."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, resample
from model_registry.catalog_kit.vibration import POINTS, RATE, features

STATES = ("normal", "outer_race", "inner_race", "ball", "imbalance", "misalignment")


def run(request: Request) -> Result:
    values, p = request.input["signal"].values, request.parameters
    if np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())):
        raise InvalidInput("the signal does not vary", field="signal")
    values = (values - values.mean()) / values.std()
    x = resample(values.astype(np.float32), p["rate"], RATE).astype(np.float64)
    if len(x) < POINTS:
        least = POINTS * p["rate"] // RATE + 1
        raise InvalidInput(f"at least {least:,} points are needed at this rate", field="signal")
    starts = range(0, len(x) - POINTS + 1, POINTS // 2)
    rows = np.array([features(x[s : s + POINTS], p["rpm"] / 60) for s in starts], np.float32)
    mean = request.nets.run("bearing-mlp", {"features": rows})["probabilities"].mean(axis=0)
    order = np.argsort(-mean, kind="stable")
    return Result({"labels": [{"label": STATES[i], "score": round(float(mean[i]), 4)} for i in order],
                   "windows": len(rows)}, warnings=["trained on simulated vibration only"])
