"""Known faces must vanish from what a detector and a comparison can see; the rest must stay as it is."""

from __future__ import annotations

import numpy as np
import skimage.data
from PIL import Image

from model_registry.catalog_kit.quality import Ask, Measure

FACE = np.s_[85:170, 180:270]  # of scikit-image's astronaut


def measure(ask: Ask) -> list[Measure]:
    picture = skimage.data.astronaut()
    hopper = np.asarray(Image.open(ask.sample("hopper.jpg")).convert("RGB"))
    found, alike = [], []
    for mode in ("mosaic", "blur"):
        for portrait in (picture, hopper):
            covered = ask(image=portrait, parameters={"mode": mode})
            found.append(covered.values["faces"] == 1)
        shown = ask(image=picture, parameters={"mode": mode}).image()
        alike.append(abs(float(np.corrcoef(_detail(shown[FACE]), _detail(picture[FACE]))[0, 1])))
    untouched = ask(image=picture).image()[300:]
    return [Measure("portraits covered", 100 * float(np.mean(found)), "%", at_least=100,
                    data="astronaut and Grace Hopper, mosaic and blur"),
            Measure("detail of the face left", max(alike), "correlation", at_most=0.25, data="astronaut, both modes",
                    method="of what is finer than eight pixels"),
            Measure("change elsewhere", float(np.abs(untouched.astype(int) - picture[300:]).max()), "grey levels",
                    data="astronaut below the face", at_most=0)]


def _detail(face: np.ndarray) -> np.ndarray:
    import cv2

    grey = cv2.cvtColor(np.ascontiguousarray(face), cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), 4)).ravel()
