"""Of turned and shifted portraits: eyes level, head of the right height, ground of the colour asked for."""

from __future__ import annotations

import numpy as np
import skimage.data
from PIL import Image

from model_registry.catalog_kit.people import the_face
from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.runner import SAMPLES
from model_registry.catalog_kit.scenes import turned


def measure(ask: Ask) -> list[Measure]:
    hopper = np.array(Image.open(SAMPLES / "hopper.jpg").convert("RGB"))
    rolls, heights, grounds = [], [], []
    for picture in (skimage.data.astronaut(), turned(skimage.data.astronaut(), 12), hopper, turned(hopper, -10)):
        made = ask(image=picture, parameters={"background": "blue"}).image()
        assert made.shape == (600, 467, 3)
        points = the_face(ask.nets, made).points
        across = points[263] - points[33]
        rolls.append(abs(float(np.degrees(np.arctan2(across[1], across[0])))))
        heights.append(float(np.hypot(*(points[152] - points[10])[:2])) * 1.25 / 600)
        corners = np.concatenate([made[:40, :40].reshape(-1, 3), made[:40, -40:].reshape(-1, 3)])
        grounds.append(float(np.abs(corners - np.array((67, 142, 219))).mean()))
    wrong = 100 * max(abs(h - 0.66) for h in heights)
    return [Measure("tilt of the eyes left, largest", max(rolls), "°", at_most=2.5,
                    data="two portraits, straight and turned by 12° and -10°", method="face mesh on the result"),
            Measure("error of the head's height, largest", wrong, "% of the picture",
                    data="the same", at_most=4),
            Measure("ground in the corners off the colour asked for", max(grounds), "of 255", at_most=20)]
