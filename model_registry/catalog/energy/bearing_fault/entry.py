"""Machine state from the order spectra of vibration, averaged over windows."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Request, Result
from model_registry.catalog_kit.vibration import windows

STATES = ("normal", "outer_race", "inner_race", "ball", "imbalance", "misalignment")


def run(request: Request) -> Result:
    p = request.parameters
    rows = windows(request.input["signal"].values, p["rate"], p["rpm"] / 60)
    mean = request.nets.run("bearing-mlp", {"features": rows})["probabilities"].mean(axis=0)
    order = np.argsort(-mean, kind="stable")
    return Result({"labels": [{"label": STATES[i], "score": round(float(mean[i]), 4)} for i in order],
                   "windows": len(rows)}, warnings=["trained on simulated vibration only"])
