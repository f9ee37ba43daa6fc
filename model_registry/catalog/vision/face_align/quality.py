"""Turned portraits: where the eyes of the answer lie, by BlazeFace, another net."""

from __future__ import annotations

import numpy as np
import skimage.data

from model_registry.catalog_kit.people import find_faces
from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import turned


def measure(ask: Ask) -> list[Measure]:
    rolls, places = [], []
    for angle in (-30, -10, 0, 15, 30):
        made = ask(image=turned(skimage.data.astronaut(), angle), parameters={"size": 256, "margin": 0.5}).image()
        (face,) = find_faces(ask.nets, made, 0.3)
        eyes = face.points[:2]
        across = eyes[1] - eyes[0]
        rolls.append(abs(float(np.degrees(np.arctan2(across[1], across[0])))))
        places.append(float(np.hypot(*(eyes.mean(0) - (128, 256 * 0.42)))) / 256)
    return [Measure("tilt of the eyes left, largest", max(rolls), "°", data="astronaut turned by up to 30°", at_most=5),
            Measure("middle of the eyes off its place, largest", 100 * max(places), "% of the side", at_most=5)]
