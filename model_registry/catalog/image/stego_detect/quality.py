"""Photographs with random bits written into a known share of their pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure

PICTURES = (skimage.data.astronaut, skimage.data.coffee, skimage.data.chelsea, skimage.data.rocket)


def carrying(picture: np.ndarray, share: float) -> np.ndarray:
    rng = np.random.default_rng(5)
    chosen = rng.random(picture.shape) < share
    return np.where(chosen, picture & 0xFE | rng.integers(0, 2, picture.shape, np.uint8), picture).astype(np.uint8)


def samples() -> dict[str, Any]:
    return {"carrying.png": carrying(skimage.data.astronaut()[:160, 100:260], 0.5)}


def measure(ask: Ask) -> list[Measure]:
    errors, clean, found = [], [], []
    for load in PICTURES:
        for share in (0.25, 0.5, 1.0):
            output = ask(image=carrying(load(), share)).output
            errors.append(abs(output["score"] - share))
            found.append(output["verdict"] == "hidden data likely")
        clean.append(ask(image=load()).output["score"])
    return [Measure("mean error of the share", float(np.mean(errors)), at_most=0.08,
                    data="four photographs at 25, 50, 100%"),
            Measure("pictures with data found", 100 * float(np.mean(found)), "%", data="the same", at_least=95),
            Measure("share claimed on clean pictures, highest", max(clean), at_most=0.08)]
