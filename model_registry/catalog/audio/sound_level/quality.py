"""Tones at tabulated frequencies: the A curve to a tenth of a decibel, and full scale as zero."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Audio
from model_registry.catalog_kit.quality import Ask, Measure

TABLE = {63: -26.2, 125: -16.1, 250: -8.6, 500: -3.2, 1000: 0.0, 2000: 1.2, 4000: 1.0, 8000: -1.1}


def measure(ask: Ask) -> list[Measure]:
    t = np.arange(48_000 * 2) / 48_000
    errors, bands = [], []
    for hertz, gain in TABLE.items():
        v = ask(audio=Audio(np.sin(2 * np.pi * hertz * t).astype(np.float32) * 0.999, 48_000)).values
        errors.append(abs(v["LAeq"] - gain))
        bands.append(abs(v[f"octave_{hertz:g}_hz"]))
    return [
        Measure(
            "largest error of the A curve", max(errors), "dB", data="8 tones against IEC 61672's table", at_most=0.15
        ),
        Measure("largest error of the octave", max(bands), "dB", data="the same, full scale is 0", at_most=0.1),
    ]
