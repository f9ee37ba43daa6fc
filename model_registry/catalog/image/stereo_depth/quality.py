"""The Middlebury motorcycle pair with its measured disparity, as scikit-image carries it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure


def pair() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    left, right, truth = skimage.data.stereo_motorcycle()
    return left, right, truth


def samples() -> dict[str, Any]:
    left, right, _ = pair()
    return {"left.jpg": cv2.resize(left, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
            "right.jpg": cv2.resize(right, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)}


def measure(ask: Ask) -> list[Measure]:
    left, right, truth = pair()
    answer = ask(left=left, right=right, parameters={"max_disparity": 80})
    found = answer.image().astype(float) / answer.values["grey_per_pixel"] / answer.values["scale"]
    shown = np.asarray(cv2.resize(truth.astype(np.float32), found.shape[::-1], interpolation=cv2.INTER_NEAREST))
    both = (found > 0) & np.isfinite(shown) & (shown > 0)
    bad = np.abs(found - shown)[both] > 2
    return [
        Measure("pixels off by more than 2", 100 * float(bad.mean()), "%", data="Middlebury motorcycle", at_most=15),
        Measure("pixels with an answer", 100 * float((found > 0).mean()), "%", data="the same", at_least=65),
    ]
