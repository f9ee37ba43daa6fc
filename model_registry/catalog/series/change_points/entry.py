"""Shifts of the mean by exact penalised segmentation (optimal partitioning, which PELT prunes but equals)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit import InvalidInput, Request, Result


def partition(x: NDArray[np.float64], penalty: float, shortest: int) -> list[int]:
    """Ends of the parts that minimise squared errors plus a penalty a part; one vector step for each end."""
    n = len(x)
    sums, squares = (np.concatenate([[0.0], np.cumsum(v)]) for v in (x, x * x))
    best = np.full(n + 1, np.inf)
    best[0] = 0.0
    came = np.zeros(n + 1, int)
    starts = np.arange(n + 1)
    for end in range(shortest, n + 1):
        s = starts[: end - shortest + 1]
        cost = best[s] + squares[end] - squares[s] - (sums[end] - sums[s]) ** 2 / (end - s)
        came[end] = int(np.argmin(cost))
        best[end] = cost[came[end]] + penalty
    ends = [n]
    while came[ends[-1]] > 0:
        ends.append(int(came[ends[-1]]))
    return ends[::-1]


def run(request: Request) -> Result:
    y = request.input["series"].values
    shortest = request.parameters["shortest"]
    if len(y) < 2 * shortest:
        raise InvalidInput(f"parts of at least {shortest} points need {2 * shortest} points", field="series")
    # Differences see the noise and (nearly) not the shifts that are looked for.
    noise = float(1.4826 * np.median(np.abs(np.diff(y) - np.median(np.diff(y)))) / np.sqrt(2))
    noise = max(noise, 1e-6 * float(np.ptp(y)), 1e-12)
    scaled = (y - y.mean()) / noise
    ends = partition(scaled, request.parameters["penalty"] * float(np.log(len(y))), shortest)
    starts = [0, *ends[:-1]]
    return Result({"values": y, "breaks": [int(i) for i in ends[:-1]], "segments": [
        {"start": int(a), "end": int(b), "mean": round(float(y[a:b].mean()), 6)}
        for a, b in zip(starts, ends, strict=True)]})
