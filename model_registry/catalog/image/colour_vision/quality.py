"""Greys must stay, red and green must come together, and severity 0 must change nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import skimage.color

from model_registry.catalog_kit.quality import Ask, Measure


def chart() -> np.ndarray:
    """A red figure on a green ground of the same lightness, a grey ramp below."""
    picture = np.zeros((160, 256, 3), np.uint8)
    picture[:120] = (96, 140, 60)
    picture[30:90, 60:196] = (190, 100, 60)
    picture[120:] = np.arange(256, dtype=np.uint8)[None, :, None]
    return picture


def samples() -> dict[str, Any]:
    return {"chart.png": chart()}


def contrast(picture: np.ndarray) -> float:
    lab = skimage.color.rgb2lab(picture)
    return float(skimage.color.deltaE_ciede2000(lab[60, 100], lab[10, 10]))


def measure(ask: Ask) -> list[Measure]:
    seen = ask(image=chart()).image()
    greys = np.abs(seen[120:].astype(int) - chart()[120:]).max()
    same = np.abs(ask(image=chart(), parameters={"severity": 0}).image().astype(int) - chart()).max()
    return [Measure("difference red to green as seen", contrast(seen), "ΔE2000", data="a chart of equal lightness",
                    at_most=16),
            Measure("difference as drawn", contrast(chart()), "ΔE2000", data="the same", at_least=40),
            Measure("largest change of a grey", greys, "of 255", at_most=2),
            Measure("largest change at severity 0", same, "of 255", at_most=1)]
