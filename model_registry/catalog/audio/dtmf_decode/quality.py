"""Dialled digits made here, clean and in noise, with twist and off frequency as lines have them."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Audio
from model_registry.catalog_kit.quality import Ask, Measure

RATE, KEYS = 8_000, "123A456B789C*0#D"
ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)


def dialled(keys: str, *, noise_db: float | None, tone: float, twist_db: float, off: float, seed: int) -> Audio:
    """Keys as tones; `noise_db` is signal over noise in the tone."""
    random, parts = np.random.default_rng(seed), [np.zeros(800)]
    t = np.arange(int(tone * RATE)) / RATE
    for key in keys:
        row, column = divmod(KEYS.index(key), 4)
        high = 10 ** (twist_db / 20)
        wave = np.sin(2 * np.pi * ROWS[row] * off * t) + high * np.sin(2 * np.pi * COLUMNS[column] * off * t)
        parts += [0.25 * wave, np.zeros(int(0.05 * RATE))]
    samples = np.concatenate([*parts, np.zeros(800)])
    if noise_db is not None:
        samples = samples + random.normal(0, np.sqrt(0.25**2 * 10 ** (-noise_db / 10)), len(samples))
    return Audio(np.clip(samples, -1, 1).astype(np.float32), RATE)


def measure(ask: Ask) -> list[Measure]:
    def share(**line: float | None) -> float:
        right = []
        for seed in range(4):
            keys = "".join(np.random.default_rng(seed).permutation(list(KEYS)))
            settings = {"noise_db": None, "tone": 0.08, "twist_db": 0.0, "off": 1.0, "seed": seed, **line}
            right.append(ask(audio=dialled(keys, **settings)).output["text"] == keys)  # type: ignore[arg-type]
        return 100 * float(np.mean(right))

    noise = Audio(np.random.default_rng(9).normal(0, 0.1, 10 * RATE).astype(np.float32), RATE)
    data = "four strings of all 16 keys"
    return [Measure("strings read whole, clean", share(), "%", data=data, at_least=100),
            Measure("strings read whole, 10 dB", share(noise_db=10.0), "%", data=f"{data} in white noise", at_least=75),
            Measure("strings read whole, 3 dB", share(noise_db=3.0), "%", data=f"{data} in white noise"),
            Measure("strings read whole, twist and drift", share(twist_db=4.0, off=1.01), "%", at_least=75,
                    data=f"{data}, 4 dB of twist, 1% off"),
            Measure("keys heard in noise alone", len(ask(audio=noise).output["segments"]), data="ten seconds",
                    at_most=0)]
