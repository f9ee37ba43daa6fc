"""Machine state from vibration and the machine's log, by two streams whose weights are learned for each case."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Request, Result
from model_registry.catalog_kit.machine_log import LINES, WIDTH, line_vectors
from model_registry.catalog_kit.vibration import windows

STATES = ("normal", "outer_race", "inner_race", "ball", "imbalance", "misalignment")


def run(request: Request) -> Result:
    p = request.parameters
    rows = windows(request.input["signal"].values, p["rate"], p["rpm"] / 60)[:, None]
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
