"""Peaks of the periodogram of the detrended series."""

from __future__ import annotations

import numpy as np
from scipy.signal import detrend, find_peaks

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    y = request.input["series"].values
    x = detrend(y)
    total = float(x @ x)
    if total <= 1e-18 * max(1.0, float(y @ y)):
        raise InvalidInput("the series is a straight line", field="series")
    n = len(x)
    size = 8 * n  # padding, to place peaks between the record's own frequencies
    power = np.abs(np.fft.rfft(x * np.hanning(n), size)) ** 2
    frequency = np.fft.rfftfreq(size)
    power[frequency < 1.5 / n] = 0
    peaks, _ = find_peaks(np.append(power, 0.0))
    values = []
    for k in peaks[np.argsort(-power[peaks], kind="stable")][: request.parameters["top"]]:
        # The share that one sine of this period explains, by least squares.
        phase = 2 * np.pi * frequency[k] * np.arange(n)
        basis = np.stack([np.cos(phase), np.sin(phase)], axis=1)
        weights, *_ = np.linalg.lstsq(basis, x, rcond=None)
        share = 1 - float(np.sum((x - basis @ weights) ** 2)) / total
        values.append({"name": f"period {len(values) + 1}",
                       "value": round(float(1 / frequency[k]), 4), "unit": "points",
                       "note": f"explains {share:.1%} of the variance"})
    return Result({"values": values})
