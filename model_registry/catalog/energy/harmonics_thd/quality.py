"""Waveforms of known harmonics: sums of sines, a square wave and a clipped sine, off the nominal frequency."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    rate, t = 10_000, np.arange(4000) / 10_000
    random, errors, frequency = np.random.default_rng(0), [], []
    for f0, parts in ((50.0, {3: 8.0, 5: 5.0}), (49.7, {2: 1.0, 7: 3.0}), (50.31, {3: 20.0, 5: 12.0, 11: 4.0})):
        wave = np.sin(2 * np.pi * f0 * t + 0.3)
        wave = 325 * (wave + sum(p / 100 * np.sin(2 * np.pi * f0 * k * t + k) for k, p in parts.items()))
        found = ask(signal=(wave + random.normal(0, 1, len(t))).tolist(), parameters={"rate": rate}).values
        errors.append(abs(found["THD"] - float(np.sqrt(sum(p**2 for p in parts.values())))))
        frequency.append(abs(found["fundamental"] - f0))
    square = sum(np.sin(2 * np.pi * 50 * k * t) / k for k in range(1, 20, 2))  # THD of these ten lines
    truth = 100 * float(np.sqrt(sum(1 / k**2 for k in range(3, 20, 2))))
    edge = abs(ask(signal=square.tolist(), parameters={"rate": rate}).values["THD"] - truth)
    return [Measure("error of THD", max(errors), "percentage points at most", at_most=0.2,
                    data="three mains waveforms of known harmonics in noise"),
            Measure("error of the frequency", max(frequency), "Hz at most", at_most=0.02, data="the same"),
            Measure("error of THD, square wave", edge, "percentage points", at_most=0.1,
                    data="the first ten lines of a square wave")]
