"""Rhythms of known power and frequency in pink noise."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    rng = np.random.default_rng(0)
    t = np.arange(60 * 200) / 200
    power = peak = 0.0
    for hertz in (8.7, 10.0, 11.6):
        spectrum = np.fft.rfft(rng.normal(size=len(t))) / np.maximum(np.fft.rfftfreq(len(t), 1 / 200), 0.5) ** 0.5
        x = 20 * np.sin(2 * np.pi * hertz * t) + np.fft.irfft(spectrum) * 3
        v = ask(eeg=x.tolist(), parameters={"rate": 200}).values
        power, peak = max(power, abs(v["alpha"] / 200 - 1)), max(peak, abs(v["alpha_peak"] - hertz))
    hum = ask(eeg=(rng.normal(size=len(t)) + np.sin(2 * np.pi * 50 * t)).tolist(), parameters={"rate": 200}).values[
        "mains_hum"
    ]
    return [
        Measure("alpha power error", power, "", data="rhythms of 200 unit² in pink noise", at_most=0.08),
        Measure("alpha peak error", peak, "Hz", data="the same, 8.7 to 11.6 Hz", at_most=0.25),
        Measure("hum found", hum, "times", data="50 Hz in white noise", at_least=10),
    ]
