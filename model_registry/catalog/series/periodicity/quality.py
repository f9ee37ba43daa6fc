"""Planted cycles in noise, and the sunspots' eleven years."""

from __future__ import annotations

import numpy as np
import statsmodels.datasets

from model_registry.catalog_kit.quality import Ask, Measure


def first(ask: Ask, y: np.ndarray) -> float:
    return float(ask(series=y.tolist()).output["values"][0]["value"])


def measure(ask: Ask) -> list[Measure]:
    random, t, errors = np.random.default_rng(0), np.arange(400), []
    for period in (7.0, 12.0, 24.0, 52.18, 88.5):
        for noise in (0.5, 1.5):
            y = np.sin(2 * np.pi * t / period + 1) + random.normal(0, noise, 400) + 0.01 * t
            errors.append(abs(first(ask, y) / period - 1))
    sunspots = statsmodels.datasets.sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()
    return [Measure("error of the period", 100 * max(errors), "% at most", at_most=3,
                    data="ten sines of 7 to 88.5 points in noise up to 1.5 times their height, on a trend"),
            Measure("cycle of the sunspots", first(ask, sunspots), "years", at_least=10.5, at_most=11.5,
                    data="sunspots 1700 to 2008; the literature says about 11")]
