"""Photographs moved by known amounts."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure


def moved(x: float, y: float) -> np.ndarray:
    picture = cv2.warpAffine(skimage.data.coffee(), np.float32([[1, 0, x], [0, 1, y]]), (600, 400),
                             flags=cv2.INTER_CUBIC)
    return picture[60:340, 60:540]


def samples() -> dict[str, Any]:
    return {"one.jpg": moved(0, 0), "two.jpg": moved(5, 3)}


def measure(ask: Ask) -> list[Measure]:
    errors = []
    for x, y in ((5, 3), (-8, 2), (1.5, -0.5), (0, 0), (12, -9)):
        values = ask(image=moved(0, 0), next=moved(x, y)).values
        errors.append(float(np.hypot(values["median_x"] - x, values["median_y"] - y)))
    return [Measure("largest error of the median movement", max(errors), "px", at_most=0.3,
                    data="scikit-image coffee, five movements up to 15 px")]
