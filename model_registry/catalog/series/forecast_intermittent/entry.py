"""Croston's method: size and interval of demand smoothed apart, with the Syntetos-Boylan correction."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    y, a = request.input["series"].values, request.parameters["smoothing"]
    if (y < 0).any():
        raise InvalidInput("demand can't be negative", field="series")
    when = np.flatnonzero(y)
    if not len(when):
        raise InvalidInput("there is no demand in the series", field="series")
    size, interval = float(y[when[0]]), float(when[0] + 1)
    for last, now in pairwise(when):
        size += a * (y[now] - size)
        interval += a * (float(now - last) - interval)
    rate = round((1 - a / 2) * size / interval, 6)
    steps = range(1, request.parameters["horizon"] + 1)
    return Result({"history": y, "method": "croston-sba", "backtest": None,
                   "forecast": [{"step": s, "value": rate, "lower": None, "upper": None} for s in steps]})
