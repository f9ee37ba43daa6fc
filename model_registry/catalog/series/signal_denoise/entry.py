"""Savitzky–Golay, translation-invariant Haar wavelets, median, or a local-level Kalman smoother."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.signal import lfilter, savgol_filter

from model_registry.catalog_kit import InvalidInput, Request, Result

Array = NDArray[np.float64]


def noise_level(x: Array) -> float:
    """σ of the noise from second differences, which hardly see a smooth signal."""
    d = x[2:] - 2 * x[1:-1] + x[:-2]
    return float(1.4826 * np.median(np.abs(d - np.median(d))) / np.sqrt(6))


def wavelet(x: Array, sigma: float) -> Array:
    """Undecimated Haar transform, hard threshold on each level, and back."""
    levels = min(int(np.log2(len(x))) - 2, 6)
    smooth, details = x, []
    for level in range(levels):
        step = 2**level
        padded = np.pad(smooth, (step, 0), mode="symmetric")
        coarse = (smooth + padded[:-step]) / 2
        details.append(smooth - coarse)
        smooth = coarse
    out = smooth
    for level, d in reversed(list(enumerate(details))):
        bound = sigma * np.sqrt(2 * np.log(len(x))) * 2 ** (-(level + 1) / 2)
        out = out + np.where(np.abs(d) > bound, d, 0.0)
    return out


def kalman(x: Array) -> Array:
    """A steady-state local level, forward and backward; the gain is the one with the least one-step error."""
    def filtered(v: Array, gain: float) -> Array:
        return lfilter([gain], [1, gain - 1], v, zi=[(1 - gain) * v[0]])[0]

    gains = np.geomspace(0.005, 0.999, 40)
    best = min(gains, key=lambda g: float(((x[1:] - filtered(x, g)[:-1]) ** 2).sum()))
    return filtered(filtered(x, best)[::-1], best)[::-1]


def run(request: Request) -> Result:
    x, method, window = request.input["series"].values, request.parameters["method"], request.parameters["window"]
    if not np.isfinite(x.std()):
        raise InvalidInput("the numbers are too large", field="series")
    sigma = noise_level(x)
    if method == "wavelet" and sigma > 0:
        y = wavelet(x, sigma)
    elif method == "median":
        y = median_filter(x, min(window, len(x)) | 1, mode="nearest")
    elif method == "kalman" and sigma > 0:
        y = kalman(x)
    elif method == "savitzky-golay":
        size = min(window | 1, len(x) - 1 + len(x) % 2)
        y = savgol_filter(x, size, min(3, size - 1), mode="interp")
    else:
        y = x.copy()
    return Result({"columns": ["index", "value", "smooth"],
                   "rows": [{"index": i, "value": float(a), "smooth": round(float(b), 9)}
                            for i, (a, b) in enumerate(zip(x, y, strict=True))],
                   "summary": {"noise": round(sigma, 9), "removed": round(float(np.std(x - y)), 9)}})
