"""Against the plain recurrence, and shapes that must be nearer to their like than to others."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def plain(a: np.ndarray, b: np.ndarray) -> float:
    table = np.full((len(a) + 1, len(b) + 1), np.inf)
    table[0, 0] = 0
    for i in range(len(a)):
        for j in range(len(b)):
            table[i + 1, j + 1] = (a[i] - b[j]) ** 2 + min(table[i, j], table[i, j + 1], table[i + 1, j])
    return float(np.sqrt(table[-1, -1]))


def measure(ask: Ask) -> list[Measure]:
    random, errors, right, total = np.random.default_rng(0), [], 0, 0
    for _ in range(6):
        a, b = random.normal(0, 1, 40), random.normal(0, 1, 33)
        found = ask(series={"a": a.tolist(), "b": b.tolist()}, parameters={"band": 1.0, "normalise": False})
        errors.append(abs(found.output["values"][0]["value"] - plain(a, b)))
    t = np.linspace(0, 1, 80)
    shapes = (np.sin(6 * t), np.abs(2 * t - 1), np.exp(-(((t - 0.5) / 0.08) ** 2)), np.sign(np.sin(12 * t)))
    for k, shape in enumerate(shapes):
        warped = np.interp(t**1.2, t, shape) + random.normal(0, 0.05, 80)
        series = {f"shape {i}": s.tolist() for i, s in enumerate(shapes)} | {"copy": warped.tolist()}
        values = ask(series=series, parameters={"band": 0.2}).output["values"]
        nearest = next(v["name"] for v in values if "copy" in v["name"])
        right += f"shape {k}" in nearest
        total += 1
    return [
        Measure(
            "error of the distance",
            max(errors),
            "at most",
            data="six pairs of random series",
            method="plain recurrence",
            at_most=1e-5,
        ),
        Measure(
            "warped noisy copies matched",
            100 * right / total,
            "%",
            data="four shapes, time bent by a power 1.2",
            at_least=100,
        ),
    ]
