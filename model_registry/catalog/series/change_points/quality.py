"""The Nile at Aswan, whose dam of 1898 is known, and steps planted in noise."""

from __future__ import annotations

import numpy as np
import statsmodels.datasets

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    nile = statsmodels.datasets.nile.load_pandas().data
    breaks = ask(series=nile["volume"].tolist()).output["breaks"]
    years = [int(nile["year"].iloc[i]) for i in breaks]
    random, hits, total, false, quiet = np.random.default_rng(0), 0, 0, 0, 0
    for _ in range(20):
        places = np.sort(random.choice(np.arange(25, 275, 25), 3, replace=False))
        levels = np.cumsum(random.choice([-3.0, 3.0], 4))
        y = np.repeat(levels, np.diff([0, *places, 300])) + random.normal(0, 1, 300)
        found = ask(series=y.tolist()).output["breaks"]
        hits += sum(any(abs(f - p) <= 3 for f in found) for p in places)
        false += sum(all(abs(f - p) > 3 for p in places) for f in found)
        total += 3
        quiet += len(ask(series=random.normal(0, 1, 300).tolist()).output["breaks"])
    return [Measure("planted breaks found", 100 * hits / total, "%", at_least=95, method="within three points",
                    data="60 steps of three standard deviations in 20 series"),
            Measure("breaks that are not there", false / 20, "a series", data="the same", at_most=0.2),
            Measure("breaks found in noise", quiet / 20, "a series of 300 points", data="20 series of white noise",
                    at_most=0.1),
            Measure("years from the Nile's known break", min((abs(y - 1898) for y in years), default=99),
                    data="Nile, 1871 to 1970; the Aswan dam was begun in 1898", at_most=3)]
