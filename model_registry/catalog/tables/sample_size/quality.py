"""Published sizes, and the power by simulation."""

from __future__ import annotations

import numpy as np
from scipy.stats import ttest_ind

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    half = ask(problem={"kind": "means", "difference": 0.5, "sd": 1}).values["per_group"]
    rates = ask(problem={"kind": "rates", "rate_a": 0.1, "rate_b": 0.12}).values["per_group"]
    rng = np.random.default_rng(0)
    seen = np.mean(ttest_ind(rng.normal(0, 1, (4000, 30)), rng.normal(0.7, 1, (4000, 30)), axis=1).pvalue < 0.05)
    said = ask(problem={"kind": "means", "difference": 0.7, "sd": 1, "per_group": 30}).values["power"]
    return [Measure("error, means", abs(half - 64), "a group", data="Cohen's d .5, power .8: 64", at_most=0),
            Measure("error, rates", abs(rates - 3841), "a group", data="10 against 12 %: 3,841", at_most=2),
            Measure("power error", abs(float(seen) - said), "", data="4,000 simulated trials", at_most=0.02)]
