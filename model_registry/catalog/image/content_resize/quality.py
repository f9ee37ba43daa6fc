"""A disc of known width on a soft ground: carving must keep it where plain scaling squeezes it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure

WIDTH = 90


def scene() -> np.ndarray:
    ground = cv2.GaussianBlur(skimage.data.coffee()[:240, :360], (0, 0), 12)
    ground[..., 0] = 60
    cv2.circle(ground, (250, 120), WIDTH // 2, (250, 240, 230), -1)
    for x in range(215, 290, 12):
        cv2.line(ground, (x, 95), (x, 145), (20, 20, 160), 3)
    return ground


def samples() -> dict[str, Any]:
    return {"disc.jpg": scene()}


def width_of_disc(picture: np.ndarray) -> int:
    columns = ((picture[..., 0] > 200).sum(0) > 3).nonzero()[0]
    return int(columns.max() - columns.min() + 1)


def measure(ask: Ask) -> list[Measure]:
    made = ask(image=scene(), parameters={"width": 0.7}).image()
    scaled = cv2.resize(scene(), (252, 240), interpolation=cv2.INTER_AREA)
    assert made.shape == (240, 252, 3)
    whole = width_of_disc(scene())
    return [Measure("width of the object kept", 100 * width_of_disc(made) / whole, "%", at_least=92,
                    data="a striped disc, picture carved to 70%"),
            Measure("by plain scaling", 100 * width_of_disc(scaled) / whole, "%", data="the same")]
