"""Photographs under lamps of known colour: how much of the cast goes."""

from __future__ import annotations

import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure

LAMPS = ((1.0, 0.85, 0.6), (0.7, 0.9, 1.0), (1.0, 1.0, 0.7))


def angle(picture: np.ndarray, truth: np.ndarray) -> float:
    """Degrees between the mean colours, as colour constancy is scored."""
    a, b = (p.reshape(-1, 3).astype(float).mean(axis=0) for p in (picture, truth))
    return float(np.degrees(np.arccos(min(1.0, float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))))))


def measure(ask: Ask) -> list[Measure]:
    before, after = [], []
    for truth in (skimage.data.astronaut(), skimage.data.chelsea(), skimage.data.rocket()):
        for lamp in LAMPS:
            cast = (truth * np.array(lamp)).astype(np.uint8)
            shown = ask(image=cast).image()
            before.append(angle(cast, truth))
            after.append(angle(shown, truth))
    return [Measure("cast left", float(np.mean(after)), "°", at_most=7, method="angle between mean colours",
                    data="astronaut, cat and rocket of scikit-image under three lamps"),
            Measure("cast before", float(np.mean(before)), "°", data="the same", method="the same"),
            Measure("casts made smaller", 100 * float(np.mean(np.array(after) < before)), "%", at_least=50,
                    data="the same")]
