"""Events of known size planted in series that follow a control, and events of size nothing."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    errors, false, covered = [], 0, 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        control = 50 + np.cumsum(rng.normal(size=120))
        y = 1.3 * control + rng.normal(size=120)
        for size in (4.0, 0.0):
            moved = y + size * (np.arange(120) >= 90)
            out = ask(series=moved.tolist(), controls={"c": control.tolist()}, parameters={"event": 90}).output[
                "backtest"
            ]
            if size:
                errors.append(abs(out["effect"] - size))
                covered += out["lower"] <= size <= out["upper"]
            else:
                false += out["clear"]
    return [
        Measure("median error of the effect", float(np.median(errors)), "of 4", data="12 planted events", at_most=0.6),
        Measure("intervals that hold the truth", covered / 12, "", data="the same", at_least=0.8),
        Measure("false effects", false / 12, "", data="12 series without an event", at_most=0.2),
    ]
