"""Shifts of the mean by exact penalised segmentation (PELT of ruptures)."""

from __future__ import annotations

import numpy as np
import ruptures

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    y = request.input["series"].values
    shortest = request.parameters["shortest"]
    if len(y) < 2 * shortest:
        raise InvalidInput(f"parts of at least {shortest} points need {2 * shortest} points", field="series")
    # Differences see the noise and (nearly) not the shifts that are looked for.
    noise = float(1.4826 * np.median(np.abs(np.diff(y) - np.median(np.diff(y)))) / np.sqrt(2))
    noise = max(noise, 1e-6 * float(np.ptp(y)), 1e-12)
    scaled = (y - y.mean()) / noise
    found = ruptures.Pelt(model="l2", min_size=shortest, jump=1).fit(scaled)
    ends = found.predict(pen=request.parameters["penalty"] * np.log(len(y)))
    starts = [0, *ends[:-1]]
    return Result({"values": y, "breaks": [int(i) for i in ends[:-1]], "segments": [
        {"start": int(a), "end": int(b), "mean": round(float(y[a:b].mean()), 6)}
        for a, b in zip(starts, ends, strict=True)]})
