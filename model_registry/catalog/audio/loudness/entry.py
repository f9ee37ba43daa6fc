"""Gated loudness by ITU-R BS.1770 of a mono recording."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from model_registry.catalog_kit import InvalidInput, Request, Result

Array = NDArray[Any]


def _k_weighted(x: Array, rate: int) -> Array:
    """The high shelf and the high pass of the standard, designed for the rate (they match its 48 kHz table)."""
    k = math.tan(math.pi * 1681.974450955533 / rate)
    gain, q = 10 ** (3.999843853973347 / 20), 0.7071752369554196
    middle = gain**0.4996667741545416
    a0 = 1 + k / q + k * k
    x = lfilter([(gain + middle * k / q + k * k) / a0, 2 * (k * k - gain) / a0, (gain - middle * k / q + k * k) / a0],
                [1, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0], x)
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    a0 = 1 + k / q + k * k
    return np.asarray(lfilter([1, -2, 1], [1, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0], x))


def _lufs(power: float) -> float:
    return -0.691 + 10 * math.log10(max(power, 1e-20))


def run(request: Request) -> Result:
    audio = request.input["audio"]
    if audio.rate < 8_000:
        raise InvalidInput("at least 8,000 samples a second are needed", field="audio")
    block, step = round(0.4 * audio.rate), round(0.1 * audio.rate)
    if len(audio.samples) < block:
        raise InvalidInput("at least 0.4 seconds are needed", field="audio")
    squares = np.concatenate([[0.0], np.cumsum(_k_weighted(audio.samples.astype(np.float64), audio.rate) ** 2)])
    starts = np.arange(0, len(audio.samples) - block + 1, step)
    powers = (squares[starts + block] - squares[starts]) / block
    loud = powers[powers > 10 ** ((-70 + 0.691) / 10)]  # the absolute gate
    if not len(loud):
        raise InvalidInput("the recording is silent (below -70 LUFS)", field="audio")
    gated = loud[loud > loud.mean() / 10]  # the relative gate: 10 LU below
    peak = float(np.abs(audio.samples).max())
    return Result({"values": [
        {"name": "integrated loudness", "value": round(_lufs(float(gated.mean())), 2), "unit": "LUFS"},
        {"name": "loudest 400 ms", "value": round(_lufs(float(powers.max())), 2), "unit": "LUFS"},
        {"name": "sample peak", "value": round(20 * math.log10(max(peak, 1e-10)), 2), "unit": "dBFS"},
        {"name": "duration", "value": round(audio.duration, 3), "unit": "s"}]})
