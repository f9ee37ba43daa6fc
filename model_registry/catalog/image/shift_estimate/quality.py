"""Crops of one photograph at known offsets, also between pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure

SHIFTS = ((0, 0), (5, -3), (-21, 14), (3.4, 2.7), (-0.5, 7.25))


def moved(x: float, y: float) -> np.ndarray:
    picture = cv2.warpAffine(skimage.data.camera(), np.float32([[1, 0, x], [0, 1, y]]), (512, 512),
                             flags=cv2.INTER_CUBIC)
    return picture[128:384, 128:384]


def samples() -> dict[str, Any]:
    return {"before.jpg": moved(0, 0), "after.jpg": moved(3.4, 2.7)}


def measure(ask: Ask) -> list[Measure]:
    errors = []
    for x, y in SHIFTS:
        found = ask(image=moved(0, 0), other=moved(x, y)).values
        errors.append(float(np.hypot(found["shift_x"] - x, found["shift_y"] - y)))
    return [Measure("largest error of the shift", max(errors), "px", at_most=0.3,
                    data="scikit-image camera, five shifts up to 25 px")]
