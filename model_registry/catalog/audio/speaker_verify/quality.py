"""Pieces of the shipped readings: two by one speaker of LibriVox, one by another; as they are and in noise."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import soundfile

from model_registry.catalog_kit import Audio, resample
from model_registry.catalog_kit.quality import Ask, Measure

RATE, SECONDS = 16_000, 1.9
READERS = (("audio-austen-a.flac", 0), ("audio-austen-b.flac", 0), ("audio-cards.flac", 1))


def measure(ask: Ask) -> list[Measure]:
    pieces = []
    for name, reader in READERS:
        samples, rate = soundfile.read(str(ask.sample(name)), dtype="float32")
        samples = resample(samples, int(rate), RATE)
        size = int(SECONDS * RATE)
        pieces += [(reader, samples[i : i + size]) for i in range(0, len(samples) - size // 2, size)]
    same, other, noisy = [], [], []
    random = np.random.default_rng(0)
    for (a, first), (b, second) in combinations(pieces, 2):
        if min(len(first), len(second)) < RATE:
            continue
        score = ask(first=Audio(first, RATE), second=Audio(second, RATE)).output["score"]
        (same if a == b else other).append(score)
        if a == b:
            loud = second + random.normal(0, float(second.std()) / 10, len(second)).astype(np.float32)
            noisy.append(ask(first=Audio(first, RATE), second=Audio(loud, RATE)).output["score"])
    limits = np.linspace(0.4, 0.95, 56)
    wrong = [((np.array(same) < t).mean(), (np.array(other) >= t).mean()) for t in limits]
    equal = min(max(miss, false) for miss, false in wrong)
    data = f"{len(same)} pairs of one voice and {len(other)} of two, pieces of {SECONDS} s from three readings"
    return [Measure("equal error rate", 100 * float(equal), "%", data=data, at_most=20),
            Measure("similarity, one voice", float(np.mean(same)), "cosine", data=data),
            Measure("similarity, two voices", float(np.mean(other)), "cosine", data=data,
                    at_most=float(np.mean(same)) - 0.1),
            Measure("similarity, one voice in noise", float(np.mean(noisy)), "cosine", data=f"{data}, one at 20 dB")]
