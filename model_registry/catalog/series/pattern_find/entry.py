"""Matrix profile by diagonals (STOMP's order), z-normalised; its lowest pair is the motif, its peaks the discords."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit import InvalidInput, Request, Result


def matrix_profile(x: NDArray[np.float64], m: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Distance of each stretch (n − m + 1) to its nearest one elsewhere, and where that is; inf where flat."""
    n = len(x) - m + 1
    sums, squares = (np.concatenate([[0.0], np.cumsum(v)]) for v in (x, x * x))
    mean = (sums[m:] - sums[:-m]) / m
    spread = np.sqrt(np.maximum((squares[m:] - squares[:-m]) / m - mean**2, 0))
    flat = spread < 1e-7 * max(float(x.std()), 1e-300)
    spread[flat] = np.inf
    best, where = np.full(n, -np.inf), np.zeros(n, np.int64)
    for lag in range(max(m // 4, 1) + 1, n):
        products = np.concatenate([[0.0], np.cumsum(x[:-lag] * x[lag:])])
        dots = products[m:] - products[:-m]
        k = n - lag
        r = (dots / m - mean[:k] * mean[lag:]) / (spread[:k] * spread[lag:])
        better = r > best[:k]
        best[:k][better], where[:k][better] = r[better], np.flatnonzero(better) + lag
        better = r > best[lag:]
        best[lag:][better], where[lag:][better] = r[better], np.flatnonzero(better)
    distance = np.sqrt(2 * m * np.maximum(1 - best, 0))
    distance[flat | ~np.isfinite(best)] = np.inf
    return distance, where


def run(request: Request) -> Result:
    x, m = request.input["series"].values, request.parameters["length"]
    if len(x) < 3 * m:
        raise InvalidInput(f"a length of {m} needs at least {3 * m} points", field="series")
    if not np.isfinite(x.std()) or x.std() == 0:
        raise InvalidInput("the series does not vary, or its numbers are too large", field="series")
    distance, where = matrix_profile((x - x.mean()) / x.std(), m)
    if not np.isfinite(distance).any():
        raise InvalidInput("no two stretches can be compared", field="series")
    rows = []
    first = int(np.argmin(distance))
    for name, at in (("repeat", first), ("repeat", int(where[first]))):
        rows.append({"what": name, "start": at, "end": at + m, "distance": round(float(distance[first]), 4)})
    left = np.where(np.isfinite(distance), distance, -np.inf)
    for _ in range(request.parameters["oddities"]):
        at = int(np.argmax(left))
        if not np.isfinite(left[at]):
            break
        rows.append({"what": "oddity", "start": at, "end": at + m, "distance": round(float(left[at]), 4)})
        left[max(at - m, 0):at + m] = -np.inf
    return Result({"columns": ["what", "start", "end", "distance"], "rows": rows,
                   "summary": {"median_distance": round(float(np.median(distance[np.isfinite(distance)])), 4)}})
