"""Tables in which the true effect is 1.5 and the plain difference is far off."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    errors, naive, covered = [], [], 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(1200, 4))
        t = (rng.random(1200) < 1 / (1 + np.exp(-(x[:, 0] + 0.5 * x[:, 1])))).astype(int)
        y = 1.5 * t + 2 * x[:, 0] + x[:, 1] ** 2 + rng.normal(size=1200)
        table = [
            {**{f"x{j}": float(v) for j, v in enumerate(r)}, "treated": int(a), "outcome": float(b)}
            for r, a, b in zip(x, t, y, strict=True)
        ]
        out = ask(table=table).output
        errors.append(abs(out["score"] - 1.5))
        naive.append(abs(out["checks"][1]["value"] - 1.5))
        low, high = (float(v) for v in out["checks"][0]["detail"].split("from ")[1].split(",")[0].split(" to "))
        covered += low <= 1.5 <= high
    return [
        Measure("mean error", float(np.mean(errors)), "", data="8 tables of 1,200 rows, true effect 1.5", at_most=0.12),
        Measure("mean error of the plain difference", float(np.mean(naive)), "", data="the same", at_least=0.5),
        Measure("intervals that hold the truth", covered / 8, "", data="the same, 95 % asked for", at_least=0.8),
    ]
