"""A disc cut from one texture and set on another: its rim must vanish and its detail must stay."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure

CENTRE, RADIUS = (256, 400), 60


def parts() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    patch = skimage.data.coffee()[120:260, 200:340]
    disc = cv2.circle(np.zeros(patch.shape[:2], np.uint8), (70, 70), RADIUS, 255, -1)
    return skimage.data.astronaut(), patch, disc


def samples() -> dict[str, Any]:
    _, patch, disc = parts()
    return {"patch.jpg": patch, "disc.png": disc}


def step_at_rim(picture: np.ndarray) -> float:
    """Mean difference of grey between just inside and just outside the disc."""
    grey = cv2.GaussianBlur(picture, (0, 0), 1.5).mean(2)
    turns = np.linspace(0, 2 * np.pi, 180)
    inner, outer = ([grey[int(CENTRE[1] + r * np.sin(t)), int(CENTRE[0] + r * np.cos(t))] for t in turns]
                    for r in (RADIUS - 4, RADIUS + 4))
    return float(np.abs(np.array(inner) - outer).mean())


def measure(ask: Ask) -> list[Measure]:
    image, patch, disc = parts()
    place = {"x": CENTRE[0] / 512, "y": CENTRE[1] / 512}
    answer = ask(image=image, patch=patch, mask=disc, parameters=place)
    made = answer.image()
    pasted = image.copy()
    x, y = answer.values["centre"]
    region = pasted[y - 70:y + 70, x - 70:x + 70]
    region[disc > 0] = patch[disc > 0]
    inside = disc[20:120, 20:120] > 0
    detail = np.corrcoef(cv2.Laplacian(made[y - 50:y + 50, x - 50:x + 50].mean(2), cv2.CV_64F)[inside],
                         cv2.Laplacian(patch[20:120, 20:120].mean(2), cv2.CV_64F)[inside])[0, 1]
    return [
        Measure("step at the rim against plain pasting", 100 * step_at_rim(made) / step_at_rim(pasted), "%", at_most=60,
                data="a disc of scikit-image coffee on astronaut"),
        Measure("correlation of detail with the patch", float(detail), data="the same", at_least=0.7),
    ]
