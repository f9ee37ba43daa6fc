"""Slides drawn with a known number of nuclei and a known brown area by the stains' own colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import skimage.data
from skimage.color import hed2rgb

from model_registry.catalog_kit.quality import Ask, Measure


def slide(count: int, seed: int) -> tuple[np.ndarray, int, float]:
    rng = np.random.default_rng(seed)
    stains = np.zeros((300, 300, 3))
    y, x = np.mgrid[:300, :300]
    placed: list[tuple[float, float]] = []
    while len(placed) < count:
        cx, cy = rng.uniform(10, 290, 2)
        if all(np.hypot(cx - a, cy - b) > 11 for a, b in placed):
            placed.append((cx, cy))
            stains[..., 0] += 0.12 * np.exp(-((((x - cx) ** 2 + (y - cy) ** 2) / 5.0**2) ** 2))
    brown = (x - 150) ** 2 + (y - 150) ** 2 < 60**2
    stains[..., 2] += 0.08 * brown
    stains += rng.normal(0, 0.004, stains.shape)
    return (hed2rgb(np.clip(stains, 0, None)) * 255).clip(0, 255).astype(np.uint8), count, float(brown.mean())


def samples() -> dict[str, Any]:
    return {"slide.jpg": skimage.data.immunohistochemistry()[:192, :192]}


def measure(ask: Ask) -> list[Measure]:
    off, shares = [], []
    for count, seed in ((60, 0), (150, 1), (250, 2)):
        picture, truth, brown = slide(count, seed)
        values = ask(image=picture, parameters={"diameter": 11}).values
        off.append(abs(values["nuclei"] / truth - 1))
        shares.append(abs(values["brown_share"] - brown))
    real = ask(image=skimage.data.immunohistochemistry()[:256, :256]).values["nuclei"]
    return [Measure("error of the count, mean", 100 * float(np.mean(off)), "%", at_most=8,
                    data="three drawn slides of 60, 150 and 250 nuclei"),
            Measure("error of the brown share, largest", 100 * max(shares), "% of the area", data="the same",
                    at_most=3),
            Measure("nuclei on a real slide (no truth known)", real,
                    data="scikit-image immunohistochemistry, a quarter")]
