"""Voice-like tones whose pitch is known at every moment."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Audio
from model_registry.catalog_kit.quality import Ask, Measure

RATE = 16_000


def measure(ask: Ask) -> list[Measure]:
    random = np.random.default_rng(0)
    t = np.arange(3 * RATE) / RATE
    errors: dict[str, list[float]] = {"clean": [], "10 dB of noise": []}
    for start, end in ((90, 180), (220, 150), (300, 440)):
        pitch = start * (end / start) ** (t / t[-1]) * (1 + 0.02 * np.sin(2 * np.pi * 5 * t))
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        wave = sum(np.sin(k * phase) / k for k in range(1, 12))
        wave = 0.3 * wave / np.abs(wave).max()
        for name, noise in (("clean", 0.0), ("10 dB of noise", float(wave.std()) / 10**0.5)):
            samples = (wave + random.normal(0, noise, len(t))).astype(np.float32)
            rows = ask(audio=Audio(samples, RATE)).output["rows"]
            for row in rows:
                truth = float(np.interp(row["time"], t, pitch))
                errors[name].append(1.0 if row["pitch_hz"] is None else abs(row["pitch_hz"] / truth - 1))
    noise = Audio(random.normal(0, 0.1, 3 * RATE).astype(np.float32), RATE)
    voiced = ask(audio=noise).output["summary"]["voiced_share"]
    data = "three gliding tones with vibrato, 90 to 440 Hz"
    return [*(Measure(f"frames within 3%, {name}", 100 * float(np.mean(np.array(found) < 0.03)), "%", data=data,
                      at_least=95 if name == "clean" else 60) for name, found in errors.items()),
            Measure("error of the pitch, clean", 100 * float(np.median(errors["clean"])), "% (median)", data=data,
                    at_most=0.7),
            Measure("noise called voiced", 100 * voiced, "% of frames", data="white noise", at_most=5)]
