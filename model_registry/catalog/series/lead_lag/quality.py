"""Pairs in which one series follows the other by a known lag, and pairs without any relation."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    right = lags = false = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        a, noise = rng.normal(size=300), rng.normal(size=300)
        lag = 1 + seed % 4
        b = 0.6 * np.concatenate([np.zeros(lag), a[:-lag]]) + noise
        out = {v["name"]: v for v in ask(series={"a": a.tolist(), "b": b.tolist()}).output["values"]}
        right += out["a → b"]["value"] < 0.05 <= out["b → a"]["value"]
        lags += f"lag {lag}" in out["a → b"]["note"]
        out = ask(series={"a": a.tolist(), "b": noise.tolist()}).output["values"]
        false += any(v["value"] < 0.05 for v in out)
    return [Measure("direction right", right / 25, "", data="25 pairs with a lead of 1 to 4 steps", at_least=0.85),
            Measure("lag right", lags / 25, "", data="the same", at_least=0.95),
            Measure("false leads", false / 25, "", data="25 unrelated pairs", at_most=0.15)]
