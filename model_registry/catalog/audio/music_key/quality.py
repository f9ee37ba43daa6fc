"""Cadences played here in all twelve keys, major and minor, with overtones."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Audio
from model_registry.catalog_kit.quality import Ask, Measure

RATE = 16_000
DEGREES = {
    "major": [(0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)],
    "minor": [(0, 3, 7), (5, 8, 12), (7, 11, 14), (0, 3, 7)],
}
NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]


def chord(pitches: list[int], seconds: float) -> np.ndarray:
    t = np.arange(int(seconds * RATE)) / RATE
    tone = sum(0.6**k * np.sin(2 * np.pi * 440 * 2 ** ((p - 69) / 12) * (k + 1) * t) for p in pitches for k in range(5))
    return np.asarray(tone * np.exp(-1.5 * t))


def cadence(root: int, mode: str) -> Audio:
    x = np.concatenate([chord([60 + root + d for d in degrees], 0.75) for degrees in DEGREES[mode]])
    return Audio((0.5 * x / np.abs(x).max()).astype(np.float32), RATE)


def samples() -> dict[str, Audio]:
    return {"cadence.flac": cadence(2, "major")}


def measure(ask: Ask) -> list[Measure]:
    right = sum(
        ask(audio=cadence(root, mode)).output["values"]["key"] == f"{NAMES[root]} {mode}"
        for root in range(12)
        for mode in DEGREES
    )
    return [Measure("keys right", right / 24, "", data="24 cadences with overtones", at_least=0.95)]
