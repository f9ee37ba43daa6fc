"""Simulated hearts with known beats: P, QRS and T waves, wandering baseline, mains hum, muscle noise."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def heart(seed: int, rate: int, bpm: float, noise: float) -> tuple[np.ndarray, list[float]]:
    rng = np.random.default_rng(seed)
    beats, at = [], 0.6
    while at < 59:
        beats.append(at)
        at += 60 / bpm * (1 + 0.04 * np.sin(2 * np.pi * 0.25 * at) + rng.normal(0, 0.01))
    t = np.arange(60 * rate) / rate
    x = 0.3 * np.sin(2 * np.pi * 0.2 * t) + 0.05 * np.sin(2 * np.pi * 50 * t) + rng.normal(0, noise, len(t))
    for b in beats:
        for shift, width, size in (
            (-0.17, 0.025, 0.15),
            (-0.02, 0.009, -0.12),
            (0.0, 0.011, 1.0),
            (0.025, 0.01, -0.2),
            (0.26, 0.05, 0.3),
        ):
            x += size * np.exp(-(((t - b - shift) / width) ** 2) / 2)
    return x, beats


def measure(ask: Ask) -> list[Measure]:
    found = true = hits = 0
    rates, breath = [], []
    for seed, (bpm, noise) in enumerate(((55, 0.03), (72, 0.05), (95, 0.08), (140, 0.05))):
        x, beats = heart(seed, 250, bpm, noise)
        out = ask(ecg=x.tolist(), parameters={"rate": 250}).output
        rates.append(abs(out["summary"]["heart_rate"] - 60 / np.mean(np.diff(beats))))
        breath.append(abs(out["summary"].get("hf_peak_hz", 0.25) - 0.25))
        shown = [b for b in beats if b < 24]
        marks = [a["index"] / 250 for a in out["anomalies"]]
        found, true = found + len(marks), true + len(shown)
        hits += sum(any(abs(m - b) < 0.04 for m in marks) for b in shown)
    return [
        Measure(
            "sensitivity", hits / true, "", data="4 simulated hearts, 55 to 140 a minute, hum and noise", at_least=0.99
        ),
        Measure("precision", hits / found, "", data="the same", at_least=0.98),
        Measure("largest rate error", max(rates), "a minute", data="the same", at_most=0.5),
        Measure("breathing rhythm error", max(breath), "Hz", data="the same, 0.25 Hz", at_most=0.03),
    ]
