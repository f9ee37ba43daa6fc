"""Gated loudness by ITU-R BS.1770 of a mono recording."""

from __future__ import annotations

import math

import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.loudness import block_powers, gated, lufs


def run(request: Request) -> Result:
    audio = request.input["audio"]
    if audio.rate < 8_000:
        raise InvalidInput("at least 8,000 samples a second are needed", field="audio")
    powers = block_powers(audio.samples, audio.rate)
    if not len(powers):
        raise InvalidInput("at least 0.4 seconds are needed", field="audio")
    integrated = gated(powers)
    if integrated is None:
        raise InvalidInput("the recording is silent (below -70 LUFS)", field="audio")
    peak = float(np.abs(audio.samples).max())
    return Result({"values": [
        {"name": "integrated loudness", "value": round(integrated, 2), "unit": "LUFS"},
        {"name": "loudest 400 ms", "value": round(lufs(float(powers.max())), 2), "unit": "LUFS"},
        {"name": "sample peak", "value": round(20 * math.log10(max(peak, 1e-10)), 2), "unit": "dBFS"},
        {"name": "duration", "value": round(audio.duration, 3), "unit": "s"}]})
