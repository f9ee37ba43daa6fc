"""Studies simulated from known deviations."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    repeat, part, share = [], [], []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        parts, people = rng.normal(0, 2.0, 20), rng.normal(0, 0.3, 4)
        table = [
            {"part": f"p{i}", "operator": f"o{j}", "value": float(parts[i] + people[j] + rng.normal(0, 0.5))}
            for i in range(20)
            for j in range(4)
            for _ in range(3)
        ]
        out = ask(table=table).output
        repeat.append(out["deviations"]["repeatability"])
        part.append(out["deviations"]["part"])
        share.append(out["score"])
    true = np.sqrt(0.34 / 4.34)
    return [
        Measure(
            "repeatability error",
            abs(float(np.mean(repeat)) / 0.5 - 1),
            "",
            data="25 simulated studies, σ .5",
            at_most=0.03,
        ),
        Measure("part deviation error", abs(float(np.mean(part)) / 2.0 - 1), "", data="the same, σ 2", at_most=0.08),
        Measure("%GRR error", abs(float(np.median(share)) - true), "", data="the same, 28.0 %", at_most=0.03),
    ]
