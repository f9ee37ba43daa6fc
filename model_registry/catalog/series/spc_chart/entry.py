"""Individuals chart with four Western Electric rules, and process capability."""

from __future__ import annotations

from typing import Any

import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result

D2 = 1.128  # mean range of two normal values, in sigmas


def _long_runs(flags: np.ndarray, span: int, least: int) -> list[int]:
    """Ends of windows of `span` points with at least `least` flagged, the last one flagged."""
    counts = np.convolve(flags.astype(int), np.ones(span, int))[: len(flags)]
    return np.flatnonzero((counts >= least) & flags & (np.arange(len(flags)) >= span - 1)).tolist()


def run(request: Request) -> Result:
    y, lower, upper = request.input["series"].values, request.parameters["lower"], request.parameters["upper"]
    if lower is not None and upper is not None and lower >= upper:
        raise InvalidInput("lower must be below upper", field="/parameters/lower")
    baseline = request.parameters["baseline"]
    if baseline > len(y):
        raise InvalidInput(f"the baseline is longer than the series of {len(y)} points", field="/parameters/baseline")
    known = y[: baseline or len(y)]  # limits from points after a shift would hide it and blame those before
    centre, sigma = float(known.mean()), float(np.abs(np.diff(known)).mean() / D2)
    if sigma <= 0:
        raise InvalidInput("the series does not vary", field="series")
    z = (y - centre) / sigma
    rules = {
        "one point beyond 3 sigma": np.flatnonzero(np.abs(z) > 3).tolist(),
        "two of three beyond 2 sigma on one side": sorted(_long_runs(z > 2, 3, 2) + _long_runs(z < -2, 3, 2)),
        "four of five beyond 1 sigma on one side": sorted(_long_runs(z > 1, 5, 4) + _long_runs(z < -1, 5, 4)),
        "eight in a row on one side": sorted(_long_runs(z > 0, 8, 8) + _long_runs(z < 0, 8, 8))}
    checks: list[dict[str, Any]] = [{"name": name, "passed": not hits, "value": len(hits),
                                     "detail": "at " + ", ".join(map(str, hits[:20])) if hits else "none"}
                                    for name, hits in rules.items()]
    stable = all(c["passed"] for c in checks)
    sides = [s for s in (None if upper is None else (upper - centre) / (3 * sigma),
                         None if lower is None else (centre - lower) / (3 * sigma)) if s is not None]
    if sides:
        cpk = min(sides)
        checks.append({"name": "Cpk", "passed": cpk >= 1.33, "value": round(cpk, 4), "detail": "at least 1.33"})
    if upper is not None and lower is not None:
        cp = (upper - lower) / (6 * sigma)
        checks.append({"name": "Cp", "passed": cp >= 1.33, "value": round(cp, 4), "detail": "at least 1.33"})
    return Result({"verdict": "in control" if stable else "out of control",
                   "score": round(float(np.mean([c["passed"] for c in checks])), 4), "checks": checks,
                   "limits": {"centre": round(centre, 6), "sigma": round(sigma, 6),
                              "lower": round(centre - 3 * sigma, 6), "upper": round(centre + 3 * sigma, 6)}})
