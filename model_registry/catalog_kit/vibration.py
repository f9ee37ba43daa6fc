"""Features of vibration in orders (multiples of the shaft's speed), the same for training and for serving."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit.sound import resample
from model_registry.catalog_kit.types import InvalidInput

RATE = 12_000
POINTS = 4096
BANDS = ((1500.0, 2800.0), (2000.0, 5000.0))
ENVELOPE_ORDERS = np.linspace(0.3, 16, 320)
SHAFT_ORDERS = np.linspace(0.5, 4.5, 81)

Array = NDArray[Any]


@cache
def _filter(low: float, high: float) -> Array:
    from scipy.signal import butter

    return np.asarray(butter(4, [low, high], "band", fs=RATE, output="sos"))


def _orders(x: Array, shaft: float, orders: Array) -> Array:
    spectrum = np.abs(np.fft.rfft((x - x.mean()) * np.hanning(len(x)), 8 * len(x)))
    frequencies = np.fft.rfftfreq(8 * len(x), 1 / RATE)
    return np.asarray(np.interp(orders * shaft, frequencies, spectrum))


def features(x: Array, shaft: float) -> Array:
    """One window of POINTS samples at RATE and the shaft's turns a second → 404 numbers, free of the signal's scale."""
    from scipy.signal import hilbert, sosfiltfilt

    x = (x - x.mean()) / (x.std() + 1e-12)
    envelope = np.abs(hilbert(sosfiltfilt(_filter(*BANDS[1]), x)))
    lines = _orders(envelope, shaft, ENVELOPE_ORDERS)
    shafts = _orders(x, shaft, SHAFT_ORDERS)
    band = [float(np.std(sosfiltfilt(_filter(*b), x))) for b in BANDS]
    kurtosis = float(np.log(np.mean(x**4)))
    return np.concatenate([np.log1p(lines / (np.median(lines) + 1e-12)), np.log1p(shafts), [*band, kurtosis]])


def windows(values: Array, rate: int, shaft: float, field: str = "signal") -> NDArray[np.float32]:
    """Half-overlapping windows of a signal at any rate → their features (windows, 404).

    InvalidInput where the signal is shorter than one window or does not vary.
    """
    if np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())):
        raise InvalidInput("the signal does not vary", field=field)
    scaled = (values - values.mean()) / values.std()
    x = resample(scaled.astype(np.float32), rate, RATE).astype(np.float64)
    if len(x) < POINTS:
        raise InvalidInput(f"at least {POINTS * rate // RATE + 1:,} points are needed at this rate", field=field)
    starts = range(0, len(x) - POINTS + 1, POINTS // 2)
    return np.array([features(x[s : s + POINTS], shaft) for s in starts], np.float32)
