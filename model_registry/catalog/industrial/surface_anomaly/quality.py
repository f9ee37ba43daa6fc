"""Defects planted at known places into real textures, and the textures without."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure


def planted(texture: np.ndarray, kind: str, x: int, y: int) -> np.ndarray:
    picture = texture.copy()
    if kind == "spot":
        picture[y : y + 30, x : x + 30] = 250
    elif kind == "hole":
        cv2.circle(picture, (x + 15, y + 15), 16, 5, -1)
    else:  # smear
        picture[y : y + 34, x : x + 34] = cv2.GaussianBlur(picture, (0, 0), 6)[y : y + 34, x : x + 34]
    return picture


def measure(ask: Ask) -> list[Measure]:
    textures = [skimage.data.brick()[:256, :256], skimage.data.gravel()[:256, :256], skimage.data.grass()[:256, :256]]
    hits: dict[str, list[bool]] = {"spot": [], "hole": [], "smear": []}
    for texture in textures:
        for kind, found in hits.items():
            for x, y in ((60, 70), (150, 160)):
                regions = ask(image=planted(texture, kind, x, y)).values["regions_x_y_width_height"]
                found.append(
                    any(abs(a + w / 2 - x - 15) < 25 and abs(b + h / 2 - y - 15) < 25 for a, b, w, h in regions)
                )
    false = [len(ask(image=texture).values["regions_x_y_width_height"]) for texture in textures]
    return [
        Measure(
            "bright spots found",
            100 * float(np.mean(hits["spot"])),
            "%",
            at_least=60,
            data="planted twice each into brick, gravel and grass of scikit-image",
        ),
        Measure("dark holes found", 100 * float(np.mean(hits["hole"])), "%", data="the same"),
        Measure("smeared patches found", 100 * float(np.mean(hits["smear"])), "%", data="the same"),
        Measure("false regions", float(np.mean(false)), "a picture", at_most=1, data="the three without defects"),
    ]
