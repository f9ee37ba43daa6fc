"""Simulated systems: error against the best possible forecast, and coverage of the interval."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure

A = np.array([[0.6, 0.3], [-0.2, 0.7]])


def measure(ask: Ask) -> list[Measure]:
    ours, best, naive, inside = [], [], [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x = [np.zeros(2)]
        for _ in range(404):
            x.append(A @ x[-1] + rng.normal(size=2))
        past, truth = np.array(x[:401]), np.array(x[401:404])
        rows = ask(series={"a": past[:, 0].tolist(), "b": past[:, 1].tolist()}, parameters={"steps": 3}).output["rows"]
        value = np.array([r["value"] for r in rows]).reshape(2, 3).T
        ideal, state = [], past[-1]
        for _ in range(3):
            state = A @ state
            ideal.append(state)
        ours.append(((value - truth) ** 2).mean())
        best.append(((np.array(ideal) - truth) ** 2).mean())
        naive.append(((past[-1] - truth) ** 2).mean())
        inside += [r["lower"] <= t <= r["upper"] for r, t in zip(rows, truth.T.ravel(), strict=True)]
    return [
        Measure(
            "error over the best possible",
            float(np.mean(ours) / np.mean(best)),
            "",
            data="30 simulated systems of two series",
            at_most=1.08,
        ),
        Measure("error over 'as today'", float(np.mean(ours) / np.mean(naive)), "", data="the same", at_most=0.95),
        Measure("inside the 95 % interval", float(np.mean(inside)), "", data="the same", at_least=0.9),
    ]
