"""A 997 Hz tone, whose loudness follows from its level (−3.01 LUFS at full scale), and a real reading."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Audio
from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    t = np.arange(48_000 * 5) / 48_000
    tone = Audio((0.1 * np.sin(2 * np.pi * 997 * t)).astype(np.float32), 48_000)
    got = ask(audio=tone, parameters={"target": -16})
    level = 20 * np.log10(np.sqrt(np.mean(got.audio().samples[4800:-4800] ** 2)) * np.sqrt(2)) - 3.01
    speech = ask(audio=ask.sample("audio-austen-a.flac"), parameters={"target": -20}).output["values"]
    return [
        Measure("tone error", abs(float(level) + 16), "LU", data="997 Hz tone to −16 LUFS, by its level", at_most=0.1),
        Measure("speech error", abs(speech["loudness_after"] + 20), "LU", data="a reading to −20 LUFS", at_most=0.1),
    ]
