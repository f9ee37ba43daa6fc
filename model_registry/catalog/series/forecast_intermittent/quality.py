"""Demand drawn with a known mean rate, against plain exponential smoothing and the last value."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    random, errors, plain, bias = np.random.default_rng(0), [], [], []
    for chance in (0.1, 0.25, 0.4):
        for size in (2.0, 6.0):
            for _ in range(8):
                y = (random.random(150) < chance) * (1 + random.poisson(size, 150))
                if not y.any():
                    continue
                truth, level = chance * (1 + size), float(y[0])
                for value in y[1:]:
                    level += 0.1 * (value - level)
                found = ask(series=y.tolist()).output["forecast"][0]["value"]
                errors.append(abs(found / truth - 1))
                plain.append(abs(level / truth - 1))
                bias.append(found / truth - 1)
    data = "48 simulated items of 150 periods, demand in 10 to 40% of them"
    return [Measure("error of the rate", 100 * float(np.mean(errors)), "% on average", data=data, at_most=30),
            Measure("that of exponential smoothing", 100 * float(np.mean(plain)), "% on average", data=data),
            Measure("bias of the rate", 100 * float(np.mean(bias)), "%", data=data, at_least=-10, at_most=10)]
