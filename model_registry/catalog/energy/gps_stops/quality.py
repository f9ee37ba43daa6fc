"""Drives with stops put in, under the scatter of a receiver."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    missed = false = 0
    worst = 0.0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        here, now, track, truth = np.array([47.0, 8.0]), 0.0, [], []
        for leg in range(4):
            heading = rng.normal(size=2)
            heading /= np.linalg.norm(heading)
            for _ in range(40):
                here, now = here + heading * 0.0022, now + 20
                track.append((now, here))
            if leg < 3:
                truth.append((now, here.copy()))
                for _ in range(int(rng.integers(20, 60))):
                    now += 20
                    track.append((now, here))
        rows = ask(
            track=[
                {"time": t, "lat": float(q[0] + rng.normal(0, 5e-5)), "lon": float(q[1] + rng.normal(0, 5e-5))}
                for t, q in track
            ]
        ).output["rows"]
        missed += sum(not any(abs(r["start"] - t) < 90 for r in rows) for t, _ in truth)
        false += max(len(rows) - 3, 0)
        for r in rows:
            worst = max(worst, min(np.hypot(r["lat"] - q[0], r["lon"] - q[1]) for _, q in truth) * 111_000)
    return [
        Measure("stops missed", missed, "of 30", data="10 simulated drives with 3 stops, 5 m scatter", at_most=0),
        Measure("false stops", false, "", data="the same", at_most=0),
        Measure("largest place error", worst, "m", data="the same", at_most=40),
    ]
