"""Progressions played here with overtones, inversions and noise."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Audio
from model_registry.catalog_kit.quality import Ask, Measure

RATE = 16_000
NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]
SONGS = [["C", "G", "Am", "F"], ["D", "A", "Bm", "G"], ["Em", "C", "G", "D"], ["F", "A#", "Gm", "C"]]


def play(song: list[str], seed: int) -> Audio:
    rng, parts = np.random.default_rng(seed), []
    for name in song:
        minor = name.endswith("m")
        root = NAMES.index(name.removesuffix("m"))
        pitches = [48 + root, *(60 + (root + i) % 12 for i in ((0, 3, 7) if minor else (0, 4, 7)))]
        t = np.arange(int(1.2 * RATE)) / RATE
        parts.append(
            sum(
                0.5**k * np.sin(2 * np.pi * 440 * 2 ** ((p - 69) / 12) * (k + 1) * t) for p in pitches for k in range(4)
            )
            * np.exp(-1.2 * t)
        )
    x = np.concatenate(parts)
    return Audio((0.4 * (x / np.abs(x).max() + rng.normal(0, 0.02, len(x)))).astype(np.float32), RATE)


def samples() -> dict[str, Audio]:
    return {"progression.flac": play(SONGS[0], 0)}


def measure(ask: Ask) -> list[Measure]:
    right = total = 0.0
    for seed, song in enumerate(SONGS):
        for s in ask(audio=play(song, seed)).output["segments"]:
            for k, name in enumerate(song):
                right += max(min(s["end"], 1.2 * (k + 1)) - max(s["start"], 1.2 * k), 0) * (s["label"] == name)
        total += 1.2 * len(song)
    return [
        Measure(
            "time with the right chord",
            right / total,
            "",
            data="4 songs of 4 chords, with overtones and noise",
            at_least=0.85,
        )
    ]
