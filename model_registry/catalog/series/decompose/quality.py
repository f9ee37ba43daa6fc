"""Series put together from a known trend, season and noise."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    t, random = np.arange(144), np.random.default_rng(0)
    trend = 100 + 0.4 * t + 8 * np.sin(t / 30)
    season = 10 * np.sin(2 * np.pi * t / 12) + 4 * np.cos(4 * np.pi * t / 12)
    errors, robust = [], []
    for outliers in (0, 6):
        y = trend + season + random.normal(0, 1, 144)
        y[random.choice(144, outliers, replace=False)] += 40
        rows = ask(series=y.tolist(), parameters={"season": 12, "robust": bool(outliers)}).output["rows"]
        both = [np.array([row[name] for row in rows]) for name in ("trend", "season")]
        off = [float(np.sqrt(np.mean((b - b.mean() - (s - s.mean())) ** 2))) for b, s in
               zip(both, (trend, season), strict=True)]
        (robust if outliers else errors).extend(off)
    parts = ask(series=(trend + season).tolist(), parameters={"season": 12}).output["rows"]
    whole = max(abs(r["trend"] + r["season"] + r["remainder"] - r["value"]) for r in parts)
    return [Measure("error of the trend", errors[0], "rms", data="trend, season and noise of 1.0", at_most=0.7),
            Measure("error of the season", errors[1], "rms", data="the same", at_most=0.9),
            Measure("error of the season, six outliers of 40", robust[1], "rms", data="the same, robust", at_most=1.5),
            Measure("what the parts lack of the whole", whole, data="the same without noise", at_most=1e-5)]
