"""Real and simulated tables: error on held-out rows, and how often the interval holds the truth."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_diabetes, make_friedman1

from model_registry.catalog_kit.quality import Ask, Measure


def halves(ask: Ask, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    n = len(y) // 2
    table = [
        {**{f"c{j}": float(v) for j, v in enumerate(r)}, "target": float(t)} for r, t in zip(x[:n], y[:n], strict=True)
    ]
    rows = ask(table=table, rows=[{f"c{j}": float(v) for j, v in enumerate(r)} for r in x[n:]]).output["rows"]
    guess = np.array([r["score"] for r in rows])
    inside = np.mean([r["lower"] <= t <= r["upper"] for r, t in zip(rows, y[n:], strict=True)])
    return float(1 - ((y[n:] - guess) ** 2).sum() / ((y[n:] - y[n:].mean()) ** 2).sum()), float(inside)


def measure(ask: Ask) -> list[Measure]:
    made = halves(ask, *make_friedman1(800, noise=1.0, random_state=0))
    order = np.random.default_rng(0).permutation(442)
    data = load_diabetes()
    real = halves(ask, data.data[order], data.target[order])
    return [
        Measure("R² on held-out rows", made[0], "", data="Friedman's function, 400 rows held out", at_least=0.8),
        Measure("coverage of the 90 % interval", real[1], "", data="diabetes study, 221 rows held out", at_least=0.84),
        Measure("R², hard case", real[0], "", data="the same", at_least=0.35),
    ]
