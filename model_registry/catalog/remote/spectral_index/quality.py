"""Bands drawn with fields of known index."""

from __future__ import annotations

from typing import Any

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure

FIELDS = ((0.8, 0.25), (0.45, 0.25), (0.1, 0.25), (-0.3, 0.25))


def bands() -> tuple[np.ndarray, np.ndarray]:
    """Four stripes; both bands add up to 240, so the index is exact but for rounding."""
    index = np.repeat([f[0] for f in FIELDS], 60)[None].repeat(160, 0)
    near, red = 120 * (1 + index), 120 * (1 - index)
    return near.round().astype(np.uint8), red.round().astype(np.uint8)


def samples() -> dict[str, Any]:
    near, red = bands()
    return {"near-infrared.png": near, "red.png": red}


def measure(ask: Ask) -> list[Measure]:
    near, red = bands()
    values = ask(first=near, second=red, parameters={"threshold": 0.3}).values
    wanted = sum(i * s for i, s in FIELDS)
    swapped = ask(first=red, second=near).values["mean"]
    return [Measure("error of the mean index", abs(values["mean"] - wanted), data="four drawn fields", at_most=0.005),
            Measure("error of the share above 0.3", abs(values["share_above_threshold"] - 0.5), data="the same",
                    at_most=0.001),
            Measure("sum with the bands swapped", abs(values["mean"] + swapped), method="0 by definition",
                    at_most=0.001)]
