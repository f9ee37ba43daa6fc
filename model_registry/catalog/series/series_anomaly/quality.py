"""Spikes and dips planted at known places in seasonal series, and the same series without."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    random, t = np.random.default_rng(0), np.arange(240)
    hits = total = false = quiet = 0
    for season, shape in ((12, 5.0), (24, 8.0), (0, 0.0)):
        for _ in range(6):
            y = 100 + 0.05 * t + random.normal(0, 1, 240)
            y += shape * np.sin(2 * np.pi * t / season) if season else 0
            quiet += len(ask(series=y.tolist(), parameters={"season": season}).output["anomalies"])
            places = random.choice(np.arange(10, 230), 4, replace=False)
            y[places] += random.choice([-8.0, 8.0], 4)
            found = {a["index"] for a in ask(series=y.tolist(), parameters={"season": season}).output["anomalies"]}
            hits += len(found & set(places.tolist()))
            false += len(found - set(places.tolist()))
            total += 4
    return [Measure("planted points found", 100 * hits / total, "%", at_least=90,
                    data="72 points off by 8 standard deviations in 18 series, with season of 12, 24 and none"),
            Measure("false alarms beside them", false / 18, "a series of 240 points", data="the same", at_most=0.5),
            Measure("false alarms without any", quiet / 18, "a series of 240 points", data="the same before planting",
                    at_most=0.3)]
