"""Dynamic time warping distance of each pair of series, within a band."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit import Request, Result


def distance(a: NDArray[np.float64], b: NDArray[np.float64], band: float) -> float:
    """Root of the least sum of squared differences along a warping path."""
    reach = max(int(band * max(len(a), len(b))), abs(len(a) - len(b)), 1)
    inf = float("inf")
    costs = ((a[:, None] - b[None, :]) ** 2).tolist()
    before = [0.0] + [inf] * len(b)
    for i, row in enumerate(costs):
        now = [inf] * (len(b) + 1)
        for j in range(max(0, i - reach), min(len(b), i + reach + 1)):
            now[j + 1] = row[j] + min(before[j], before[j + 1], now[j])
        before = now
    return float(np.sqrt(before[-1]))


def run(request: Request) -> Result:
    series = {name: s.values for name, s in request.input["series"].items()}
    if request.parameters["normalise"]:
        series = {n: (v - v.mean()) / v.std() if v.std() > 1e-12 else v - v.mean() for n, v in series.items()}
    found = sorted((distance(series[a], series[b], request.parameters["band"]), a, b)
                   for a, b in combinations(series, 2))
    return Result({"values": [{"name": f"{a} ~ {b}", "value": round(d, 6), "unit": "distance"} for d, a, b in found]})
