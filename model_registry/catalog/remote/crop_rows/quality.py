"""Fields drawn with rows of known direction and spacing, with gaps and soil texture."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure


def field(direction: float, spacing: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    soil = cv2.resize(skimage.data.gravel(), (360, 300), interpolation=cv2.INTER_AREA).astype(float)
    picture = np.stack([soil * 0.75 + 30, soil * 0.6 + 25, soil * 0.45 + 20], -1)
    turn = np.deg2rad(-direction)
    along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    for row in range(-40, 41):
        for step in range(-60, 61):
            if rng.random() < 0.85:
                x, y = np.array([180, 150]) + across * (row * spacing + rng.normal(0, 1)) + along * (step * 8)
                cv2.circle(picture, (int(x), int(y)), int(rng.integers(3, 5)), (60, 130 + int(rng.integers(40)), 50),
                           -1)
    return np.clip(picture, 0, 255).astype(np.uint8)


def samples() -> dict[str, Any]:
    return {"field.jpg": field(25, 22)}


def measure(ask: Ask) -> list[Measure]:
    angles, spacings = [], []
    for direction, spacing in ((0, 20), (25, 22), (60, 30), (90, 18), (120, 26), (165, 24)):
        values = ask(image=field(direction, spacing, direction)).values
        angles.append(abs((values["direction"] - direction + 90) % 180 - 90))
        spacings.append(abs(values["spacing_px"] / spacing - 1))
    return [Measure("largest error of the direction", max(angles), "°", data="six drawn fields with gaps", at_most=2),
            Measure("largest error of the spacing", 100 * max(spacings), "%", data="the same", at_most=3)]
