"""Samples of one distribution, and samples moved by known amounts."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    random, quiet, caught, errors = np.random.default_rng(0), 0, 0, []
    for _ in range(40):
        quiet += ask(reference=random.normal(0, 1, 2000).tolist(), current=random.normal(0, 1, 2000).tolist()
                     ).output["verdict"] != "stable"
        caught += ask(reference=random.normal(0, 1, 2000).tolist(), current=random.normal(0.7, 1, 2000).tolist()
                      ).output["verdict"] == "drifted"
    for shift in (0.2, 0.5, 1.0):
        edges = np.concatenate([[-np.inf], norm.ppf(np.linspace(0.1, 0.9, 9)), [np.inf]])
        p, q = np.diff(norm.cdf(edges)), np.diff(norm.cdf(edges - shift))
        found = ask(reference=random.normal(0, 1, 50_000).tolist(), current=random.normal(shift, 1, 50_000).tolist())
        errors.append(abs(found.output["score"] / float(np.sum((q - p) * np.log(q / p))) - 1))
    return [Measure("unmoved samples called moved", 100 * quiet / 40, "%", data="40 pairs of 2,000", at_most=3),
            Measure("shifts of 0.7 deviations caught", 100 * caught / 40, "%", data="40 pairs of 2,000", at_least=97),
            Measure("error of PSI", 100 * max(errors), "% at most", data="shifts of 0.2, 0.5 and 1.0 over 50,000",
                    method="closed form over the normal's deciles", at_most=8)]
