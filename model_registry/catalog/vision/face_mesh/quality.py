"""Agreement with the detector's own key points, and the same face under turns and mirroring."""

from __future__ import annotations

import numpy as np
import skimage.data
from PIL import Image

from model_registry.catalog_kit.people import find_faces
from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.runner import SAMPLES
from model_registry.catalog_kit.scenes import turned


def points(ask: Ask, picture: np.ndarray) -> np.ndarray:
    (face,) = ask(image=picture).output["instances"]
    return np.array([[p["x"], p["y"]] for p in face["points"]])


def measure(ask: Ask) -> list[Measure]:
    off, turns = [], []
    for picture in (skimage.data.astronaut(), np.array(Image.open(SAMPLES / "hopper.jpg").convert("RGB"))):
        mesh = points(ask, picture)
        span = float(np.hypot(*(mesh[33] - mesh[263])))
        (found,) = find_faces(ask.nets, picture)
        eyes = np.array([mesh[[33, 133]].mean(0), mesh[[362, 263]].mean(0), mesh[1]])
        off.append(float(np.hypot(*(eyes - found.points[:3]).T).mean() / span))
        high, wide = picture.shape[:2]
        for angle in (-15, 15):
            again = points(ask, turned(picture, angle))
            turn = np.deg2rad(-angle)
            matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
            expected = (mesh - (wide / 2, high / 2)) @ matrix.T + (wide / 2, high / 2)
            turns.append(float(np.hypot(*(again - expected).T).mean() / span))
    return [Measure("distance of eyes and nose to another net's", 100 * float(np.mean(off)), "% of the eyes' span",
                    data="two portraits", method="against BlazeFace key points", at_most=12),
            Measure("error of 468 points when turned by 15°", 100 * float(np.mean(turns)), "% of the eyes' span",
                    data="the same", at_most=6)]
