"""Rules with a known answer: independent assets under least variance, equal risk, and hierarchy."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    base, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(4000, 4)) - 0.0)
    base = base - base.mean(0)
    base, _ = np.linalg.qr(base)
    sigma = np.array([0.01, 0.02, 0.03, 0.04])
    x = base * np.sqrt(4000) * sigma
    returns = {f"a{i}": x[:, i].tolist() for i in range(4)}

    def weights(rule: str) -> np.ndarray:
        v = ask(returns=returns, parameters={"rule": rule}).values
        return np.array([v[f"a{i}"] for i in range(4)])

    least, equal = sigma**-2 / (sigma**-2).sum(), (1 / sigma) / (1 / sigma).sum()
    return [Measure("error, least variance", float(np.abs(weights("least-variance") - least).max()), "",
                    data="4 independent assets: weights ∝ 1/σ²", at_most=0.01),
            Measure("error, equal risk", float(np.abs(weights("equal-risk") - equal).max()), "", data="weights ∝ 1/σ",
                    at_most=0.005),
            Measure("error, hierarchical", float(np.abs(weights("hierarchical") - least).max()), "",
                    data="4 independent assets: weights ∝ 1/σ²", at_most=0.12)]
