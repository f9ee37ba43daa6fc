"""A coloured object at places that we know: the crop must hold it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure


def scene(x: int, y: int) -> np.ndarray:
    picture = np.stack([skimage.data.gravel()[:300, :450]] * 3, -1) // 2 + 60
    cv2.circle(picture, (x, y), 35, (210, 60, 40), -1)
    cv2.circle(picture, (x, y), 15, (240, 220, 60), -1)
    return picture.astype(np.uint8)


PLACES = [(x, y) for x in (60, 225, 390) for y in (50, 150, 250)]


def samples() -> dict[str, Any]:
    return {"ball.jpg": scene(390, 50)}


def measure(ask: Ask) -> list[Measure]:
    held = []
    for x, y in PLACES:
        left, top, wide, high = ask(image=scene(x, y), parameters={"share": 0.4}).values["x_y_width_height"]
        assert abs(wide / high - 1) < 0.05
        across = max(0, min(left + wide, x + 35) - max(left, x - 35))
        held.append(across * max(0, min(top + high, y + 35) - max(top, y - 35)) / 70**2)
    return [Measure("share of the object inside the crop, mean", 100 * float(np.mean(held)), "%", at_least=95,
                    data="a ball on gravel at nine places, crop of 40%"),
            Measure("worst", 100 * min(held), "%", data="the same")]
