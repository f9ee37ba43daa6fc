"""Odd stretches and repeats planted in noise and in cycles."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    odd = repeat = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        t = np.arange(1500)
        x = np.sin(t / 8) + 0.1 * rng.normal(size=1500)
        at = int(rng.integers(200, 1250))
        x[at : at + 40] = np.sin(np.arange(40) / 3) + 0.1 * rng.normal(size=40)
        found = [
            r
            for r in ask(series=x.tolist(), parameters={"length": 50, "oddities": 1}).output["rows"]
            if r["what"] == "oddity"
        ]
        odd += abs(found[0]["start"] - at) <= 50
        y = np.cumsum(rng.normal(size=1200))
        shape = 6 * np.sin(np.linspace(0, 9, 60)) + np.linspace(0, 4, 60)
        a, b = 150, int(rng.integers(500, 1100))
        for p in (a, b):
            y[p : p + 60] = y[p] + shape + 0.2 * rng.normal(size=60)
        pair = sorted(
            r["start"]
            for r in ask(series=y.tolist(), parameters={"length": 60}).output["rows"]
            if r["what"] == "repeat"
        )
        repeat += abs(pair[0] - a) <= 15 and abs(pair[1] - b) <= 15
    return [
        Measure("oddities found", odd / 8, "", data="8 noisy sines with a planted stretch", at_least=1),
        Measure("repeats found", repeat / 8, "", data="8 random walks with a shape planted twice", at_least=0.87),
    ]
