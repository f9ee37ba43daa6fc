"""Simulated machines, also of a geometry that training never saw: the card's scores are those of simulation only."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.training.bearing import STATES, UNSEEN, simulate

EACH = 20


def accuracy(ask: Ask, *, snr: float, geometry: tuple[int, float] | None = None, scale: float = 1.0) -> float:
    rng, right = np.random.default_rng(2026), 0
    for state in range(len(STATES)):
        for _ in range(EACH):
            signal, shaft = simulate(rng, state, snr=snr, geometry=geometry)
            found = ask(signal=(scale * signal).tolist(), parameters={"rpm": 60 * shaft, "rate": 12_000})
            right += found.output["labels"][0]["label"] == STATES[state]
    return 100 * right / EACH / len(STATES)


def measure(ask: Ask) -> list[Measure]:
    data = f"{EACH * len(STATES)} windows simulated anew"
    return [Measure("accuracy on an unseen bearing, 3 dB", accuracy(ask, snr=3, geometry=UNSEEN), "%", at_least=60,
                    data=f"{data}, a geometry kept out of training", method="shifted simulation"),
            Measure("accuracy on known geometries, 10 dB", accuracy(ask, snr=10), "%", at_least=90, data=data,
                    method="simulation like training"),
            Measure("accuracy on known geometries, -5 dB", accuracy(ask, snr=-5), "%", at_least=75, data=data,
                    method="simulation, noisier than training")]
