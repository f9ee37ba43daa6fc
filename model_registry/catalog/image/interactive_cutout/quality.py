"""Textured discs of known edge on a photograph: overlap of the cut-out with the truth."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure, overlap

PLACES = ((200, 220, 90), (300, 180, 70), (170, 250, 110))
BACKGROUNDS = (skimage.data.grass, skimage.data.gravel, skimage.data.brick)


def scene(number: int) -> tuple[np.ndarray, np.ndarray]:
    x, y, radius = PLACES[number]
    behind = BACKGROUNDS[number]()[:400, :480].astype(float)
    picture = np.stack([behind * 0.5, behind * 0.8, behind * 0.5], -1).astype(np.uint8)
    truth = cv2.ellipse(np.zeros(picture.shape[:2], np.uint8), (x, y), (radius, radius * 3 // 4), 30, 0, 360, 1, -1)
    object_ = skimage.data.coffee()[:400, :480]
    picture[truth > 0] = np.clip(object_[truth > 0] * 1.2 + (40, 10, 0), 0, 255)
    return picture, truth


def samples() -> dict[str, Any]:
    return {"disc.jpg": scene(0)[0]}


def measure(ask: Ask) -> list[Measure]:
    found = []
    for number, (x, y, radius) in enumerate(PLACES):
        picture, truth = scene(number)
        box = {"x": (x - radius - 15) / 480, "y": (y - radius - 15) / 400, "width": (2 * radius + 30) / 480,
               "height": (2 * radius + 30) / 400}
        found.append(overlap(ask(image=picture, parameters=box).image(), truth))
    return [Measure("overlap with the truth (IoU), mean", float(np.mean(found)), at_least=0.85,
                    data="three textured ellipses on grass, gravel and brick"),
            Measure("overlap (IoU), worst", float(min(found)), data="the same", at_least=0.7)]
