"""Simulated pulse waves of known heart and breathing rates, under noise."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    heart, breath, quality = [], [], []
    for seed, (bpm, breaths) in enumerate(((60, 12), (78, 15), (96, 20), (52, 9), (120, 24))):
        rng = np.random.default_rng(seed)
        t = np.arange(0, 60, 1 / 50)
        phase = np.cumsum(bpm / 60 * (1 + 0.02 * np.sin(2 * np.pi * breaths / 60 * t))) / 50
        beat = np.exp(-((((phase % 1) - 0.3) / 0.12) ** 2)) + 0.4 * np.exp(-((((phase % 1) - 0.6) / 0.12) ** 2))
        x = beat + 0.35 * np.sin(2 * np.pi * breaths / 60 * t) + rng.normal(0, 0.08, len(t))
        v = ask(ppg=x.tolist(), parameters={"rate": 50}).values
        heart.append(abs(v["heart_rate"] - bpm))
        breath.append(abs(v["breathing_rate"] - breaths))
        quality.append(v["quality"])
    noise = ask(ppg=np.random.default_rng(9).normal(size=3000).tolist(), parameters={"rate": 50}).values["quality"]
    return [
        Measure("largest heart rate error", max(heart), "a minute", data="5 simulated pulses, 52 to 120", at_most=1.0),
        Measure("largest breathing error", max(breath), "a minute", data="the same, 9 to 24", at_most=1.0),
        Measure(
            "quality, signal minus noise", min(quality) - noise, "", data="the same against white noise", at_least=0.2
        ),
    ]
