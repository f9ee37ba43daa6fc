"""Simulated leaks: band-limited noise that reaches the sensors after its way, under noise of their own."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    errors = []
    for seed, place in enumerate((10.0, 37.0, 50.0, 62.5, 88.0)):
        rng = np.random.default_rng(seed)
        rate, speed, length = 5000, 1250.0, 100.0
        spectrum = np.fft.rfft(rng.normal(size=30_000))
        frequency = np.fft.rfftfreq(30_000, 1 / rate)

        def heard(way: float, spectrum: np.ndarray = spectrum, frequency: np.ndarray = frequency,
                  rng: np.random.Generator = rng) -> np.ndarray:
            shifted = spectrum * np.exp(-2j * np.pi * frequency * way / 1250.0) * (frequency < 900)
            return np.fft.irfft(shifted, 30_000) + rng.normal(0, 0.6, 30_000)

        out = ask(sensor_a=heard(place).tolist(), sensor_b=heard(length - place).tolist(),
                  parameters={"rate": rate, "distance": length, "speed": speed, "low": 50, "high": 900})
        errors.append(abs(out.values["from_sensor_a"] - place))
    return [Measure("largest error", max(errors), "m", data="5 simulated leaks on 100 m of pipe", at_most=0.2)]
