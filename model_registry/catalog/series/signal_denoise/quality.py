"""Known signals under known noise: error left over the error before."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    rng = np.random.default_rng(0)
    t = np.linspace(0, 1, 1024)
    smooth, steps = 3 * np.sin(9 * t), np.select([t < 0.2, t < 0.5, t < 0.8], [0, 4, -2], 1.0)
    spiky = smooth.copy()
    spiky[rng.choice(1024, 20, replace=False)] += 15

    def left(truth: np.ndarray, sent: np.ndarray, method: str, window: int = 31) -> float:
        rows = ask(series=sent.tolist(), parameters={"method": method, "window": window}).output["rows"]
        return float(
            np.sqrt(np.mean((np.array([r["smooth"] for r in rows]) - truth) ** 2) / np.mean((sent - truth) ** 2))
        )

    noise = rng.normal(0, 0.5, 1024)
    sigma = ask(series=(smooth + noise).tolist()).output["summary"]["noise"]
    return [
        Measure(
            "error left, Savitzky–Golay",
            left(smooth, smooth + noise, "savitzky-golay", 61),
            "",
            data="sine under noise",
            at_most=0.35,
        ),
        Measure(
            "error left, wavelet", left(steps, steps + noise, "wavelet"), "", data="steps under noise", at_most=0.45
        ),
        Measure("error left, median", left(smooth, spiky, "median", 7), "", data="20 spikes", at_most=0.05),
        Measure("error left, Kalman", left(smooth, smooth + noise, "kalman"), "", data="sine under noise", at_most=0.5),
        Measure("noise estimate off by", abs(sigma / 0.5 - 1), "", data="σ .5", at_most=0.08),
    ]
