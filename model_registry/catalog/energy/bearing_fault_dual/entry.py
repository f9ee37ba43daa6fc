"""Machine state from vibration and the machine's log, by two streams whose weights are learned for each case."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, resample
from model_registry.catalog_kit.machine_log import LINES, WIDTH, line_vectors
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
    rows = np.array([features(x[s : s + POINTS], p["rpm"] / 60) for s in starts], np.float32)[:, None]
    log = line_vectors(request.nets, request.input["log"]) if request.input["log"] else np.zeros((LINES, WIDTH))
    there = np.array([1, 1 if request.input["log"] else 0], np.float32)
    found = request.nets.run("bearing-dual", {
        "vibration": rows, "log": np.repeat(log[None].astype(np.float32), len(rows), axis=0),
        "present": np.repeat(there[None], len(rows), axis=0)})
    mean, weights = found["probabilities"].mean(axis=0), found["weights"].mean(axis=0)
    warnings = ["trained on simulated vibration and simulated logs only"]
    if not request.input["log"]:
        warnings.append("no log: the vibration decides alone")
    order = np.argsort(-mean, kind="stable")
    return Result({"labels": [{"label": STATES[i], "score": round(float(mean[i]), 4)} for i in order],
                   "weights": {"vibration": round(float(weights[0]), 4), "log": round(float(weights[1]), 4)},
                   "windows": len(rows)}, warnings=warnings)
