"""Lab of known sRGB colours (published values), and the answer against the CIEDE2000 of those values."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import skimage.color

from model_registry.catalog_kit.quality import Ask, Measure

# sRGB and its CIELAB (D65), as published in colour tables.
KNOWN = {(255, 0, 0): (53.24, 80.09, 67.20), (0, 255, 0): (87.73, -86.18, 83.18), (0, 0, 255): (32.30, 79.19, -107.86),
         (128, 128, 128): (53.59, 0.0, 0.0), (255, 255, 0): (97.14, -21.55, 94.48)}


def swatch(colour: tuple[int, int, int], noise: float = 0) -> np.ndarray:
    plain = np.full((60, 60, 3), colour, float) + np.random.default_rng(0).normal(0, noise, (60, 60, 3))
    return np.clip(plain.round(), 0, 255).astype(np.uint8)


def samples() -> dict[str, Any]:
    return {"reference.png": swatch((180, 60, 50)), "lot.png": swatch((186, 66, 48), 3)}


def measure(ask: Ask) -> list[Measure]:
    off, wrong = [], []
    colours = list(KNOWN)
    for one, other in pairwise(colours):
        output = ask(reference=swatch(one), image=swatch(other)).output
        off.append(float(np.abs(np.array(output["lab"]["reference"]) - KNOWN[one]).max()))
        wrong.append(abs(output["score"] - float(skimage.color.deltaE_ciede2000(KNOWN[one], KNOWN[other]))))
    same = ask(reference=swatch((90, 120, 60), 4), image=swatch((90, 120, 60), 4)).output["score"]
    return [Measure("largest error of a Lab value", max(off), at_most=0.05,
                    data="five sRGB colours of published CIELAB"),
            Measure("largest error of ΔE2000", max(wrong), data="the same", at_most=0.05),
            Measure("ΔE2000 of one colour twice, with noise", same, at_most=0.5)]
