"""Edges of known place must lie on borders of regions."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure


def mosaic() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    labels = np.zeros((300, 400), np.int32)
    for number in range(1, 12):
        centre = (int(rng.integers(40, 360)), int(rng.integers(40, 260)))
        cv2.ellipse(labels, centre, (int(rng.integers(25, 70)), int(rng.integers(20, 60))), int(rng.integers(180)), 0,
                    360, number, -1)
    colours = rng.integers(30, 226, (12, 3))
    picture = np.clip(colours[labels] + rng.normal(0, 8, (300, 400, 3)), 0, 255).astype(np.uint8)
    return picture, labels


def measure(ask: Ask) -> list[Measure]:
    picture, labels = mosaic()
    edges = (cv2.morphologyEx(labels.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0)
    answer = ask(image=picture, parameters={"count": 300})
    border = (answer.image() == (255, 220, 0)).all(-1)
    near = cv2.dilate(border.astype(np.uint8), np.ones((5, 5))) > 0
    counted = ask(image=skimage.data.astronaut(), parameters={"count": 200}).values["regions"]
    return [
        Measure("edges on a border (within 2 px)", 100 * float(near[edges].mean()), "%", at_least=85,
                data="12 noisy ellipses of known edge, 300 regions"),
        Measure("share of pixels that are border", 100 * float(border.mean()), "%", data="the same", at_most=35),
        Measure("regions for 200 asked", counted, data="scikit-image astronaut", at_least=120, at_most=260),
    ]
