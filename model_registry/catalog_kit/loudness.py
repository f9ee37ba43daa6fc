"""Loudness by ITU-R BS.1770 of a mono recording, shared by the entries that measure and set it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def k_weighted(x: Array, rate: int) -> Array:
    """The high shelf and the high pass of the standard, designed for the rate (they match its 48 kHz table)."""
    from scipy.signal import lfilter

    k = math.tan(math.pi * 1681.974450955533 / rate)
    gain, q = 10 ** (3.999843853973347 / 20), 0.7071752369554196
    middle = gain**0.4996667741545416
    a0 = 1 + k / q + k * k
    x = lfilter([(gain + middle * k / q + k * k) / a0, 2 * (k * k - gain) / a0, (gain - middle * k / q + k * k) / a0],
                [1, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0], x)
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    a0 = 1 + k / q + k * k
    return np.asarray(lfilter([1, -2, 1], [1, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0], x))


def lufs(power: float) -> float:
    return -0.691 + 10 * math.log10(max(power, 1e-20))


def block_powers(samples: Array, rate: int) -> Array:
    """Weighted power of blocks of 400 ms, one each 100 ms; empty where the recording is shorter than that."""
    block, step = round(0.4 * rate), round(0.1 * rate)
    if len(samples) < block:
        return np.zeros(0)
    squares = np.concatenate([[0.0], np.cumsum(k_weighted(samples.astype(np.float64), rate) ** 2)])
    starts = np.arange(0, len(samples) - block + 1, step)
    return np.asarray((squares[starts + block] - squares[starts]) / block)


def gated(powers: Array) -> float | None:
    """Integrated loudness in LUFS of block powers, gated at -70 LUFS and then at 10 LU below the rest; None: silent."""
    loud = powers[powers > 10 ** ((-70 + 0.691) / 10)]
    return lufs(float(loud[loud > loud.mean() / 10].mean())) if len(loud) else None


def integrated_loudness(samples: Array, rate: int) -> float | None:
    """Integrated loudness in LUFS; None where the recording is silent or shorter than 400 ms."""
    return gated(block_powers(samples, rate))
