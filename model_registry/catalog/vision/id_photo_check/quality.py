"""A portrait composed to the rules must pass; each fault put in on purpose must fail its own check."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.people import the_face
from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.runner import local_nets
from model_registry.catalog_kit.scenes import turned


def good() -> np.ndarray:
    """Astronaut's head before a plain light ground, cut to 35 × 45."""
    picture = skimage.data.astronaut()
    nets = local_nets()
    squeezed = cv2.resize(picture, (256, 256), interpolation=cv2.INTER_AREA)[None].astype(np.float32) / 255
    share = cv2.resize(nets.run("selfie-segmentation", {"input": squeezed})["activation_10"][0, :, :, 0], (512, 512))
    mixed = picture * share[..., None] + 225 * (1 - share[..., None])
    points = the_face(nets, picture).points
    head = float(np.hypot(*(points[152] - points[10])[:2])) * 1.25
    high = head / 0.66
    wide = high * 35 / 45
    left, top = points[[33, 263], 0].mean() - wide / 2, points[[33, 263], 1].mean() - 0.45 * high
    matrix = np.float32([[1, 0, -left], [0, 1, -top]]) * (600 / high)
    return cv2.warpAffine(mixed.astype(np.uint8), matrix, (round(wide * 600 / high), 600), borderValue=(225,) * 3,
                          flags=cv2.INTER_CUBIC)


def faults() -> dict[str, np.ndarray]:
    picture = good()
    striped = picture.copy()
    far = cv2.copyMakeBorder(picture, 400, 400, 300, 300, cv2.BORDER_CONSTANT, value=(225,) * 3)
    columns = (np.arange(picture.shape[1]) // 12 % 2 == 0)
    striped[:90, columns] = 40
    return {"upright": turned(picture, 14, (225,) * 3), "sharp": cv2.GaussianBlur(picture, (0, 0), 9),
            "head height": far,
            "exposure of the face": (picture * 0.3).astype(np.uint8),
            "height of the picture": cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
            "centred": cv2.copyMakeBorder(picture, 0, 0, 260, 0, cv2.BORDER_CONSTANT, value=(225,) * 3),
            "plain background": striped,
            "one face": np.hstack([picture, picture])}


def samples() -> dict[str, Any]:
    return {"portrait.jpg": good()}


def failed(ask: Ask, picture: np.ndarray) -> list[str]:
    return [c["name"] for c in ask(image=picture).output["checks"] if not c["passed"]]


def measure(ask: Ask) -> list[Measure]:
    caught = [name in failed(ask, picture) for name, picture in faults().items()]
    return [Measure("checks failed by a portrait made to the rules", len(failed(ask, good())), at_most=0,
                    data="astronaut before a plain ground, 35 × 45"),
            Measure("faults caught by their own check", 100 * float(np.mean(caught)), "%", at_least=100,
                    data=f"{len(caught)} faults put in on purpose")]
