"""Median colour of the middle of both pictures in CIELAB, and their CIEDE2000 difference."""

from __future__ import annotations

import numpy as np
from skimage.color import deltaE_cie76, deltaE_ciede2000, rgb2lab

from model_registry.catalog_kit import Request, Result, check


def run(request: Request) -> Result:
    limit = float(request.parameters["tolerance"])
    labs = [_middle(request.input[name]) for name in ("reference", "image")]
    difference = round(float(deltaE_ciede2000(*labs)), 3)
    lightness, red, yellow = (round(float(v), 2) for v in labs[1] - labs[0])
    return Result({"verdict": "within tolerance" if difference <= limit else "outside tolerance", "score": difference,
                   "checks": [
        check("ΔE2000", difference <= limit, difference, f"at most {limit:g}"),
        check("ΔE76", None, round(float(deltaE_cie76(*labs)), 3), "the older straight distance"),
        check("lightness", None, lightness, "lighter" if lightness > 0 else "darker"),
        check("red-green", None, red, "redder" if red > 0 else "greener"),
        check("yellow-blue", None, yellow, "yellower" if yellow > 0 else "bluer"),
    ], "lab": {"reference": labs[0].round(2).tolist(), "image": labs[1].round(2).tolist()}})


def _middle(image: np.ndarray) -> np.ndarray:
    high, wide = image.shape[:2]
    part = image[high // 4:max(high - high // 4, high // 4 + 1), wide // 4:max(wide - wide // 4, wide // 4 + 1)]
    return np.asarray(rgb2lab(np.median(part.reshape(-1, 3), axis=0).reshape(1, 1, 3) / 255)[0, 0])
