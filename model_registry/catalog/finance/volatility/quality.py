"""Series simulated from known parameters."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    errors, ratios = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        h, x = 1.0, []
        for _ in range(4000):
            x.append(np.sqrt(h) * rng.normal())
            h = 0.05 + 0.10 * x[-1] ** 2 + 0.85 * h
        out = ask(returns=[0.01 * v for v in x], parameters={"steps": 1}).output
        fit = out["backtest"]
        errors.append(max(abs(fit["alpha"] - 0.10), abs(fit["beta"] - 0.85)))
        ratios.append(abs(out["forecast"][0]["value"] / (0.01 * np.sqrt(h)) - 1))
    return [
        Measure(
            "median error of α and β",
            float(np.median(errors)),
            "",
            data="6 simulated series of 4,000, α .10 β .85",
            at_most=0.04,
        ),
        Measure(
            "median error of tomorrow's σ", float(np.median(ratios)), "", data="the same, true σ known", at_most=0.05
        ),
    ]
