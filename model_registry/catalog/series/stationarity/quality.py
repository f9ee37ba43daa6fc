"""Random walks, white noise and twice summed noise."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    right = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=300)
        for order, x in ((0, noise), (1, np.cumsum(noise)), (2, np.cumsum(np.cumsum(noise)))):
            right += ask(series=x.tolist()).output["score"] == order
    return [
        Measure("orders named right", right / 60, "", data="60 simulated series of order 0, 1 and 2", at_least=0.85)
    ]
