"""One odd disc on a texture: the heat must lie on it, and the crop must hold it."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure

PLACES = ((90, 100), (300, 120), (200, 260), (330, 340), (110, 330))


def measure(ask: Ask) -> list[Measure]:
    grass = np.stack([cv2.GaussianBlur(skimage.data.grass()[:440, :440], (0, 0), 3) // 2 + 60] * 3, -1)
    hits, held, gain = 0, 0, []
    for x, y in PLACES:
        scene = grass.copy()
        cv2.circle(scene, (x, y), 26, (240, 40, 40), -1, cv2.LINE_AA)
        found = ask(image=scene)
        heat = found.image().astype(float)
        heat = heat if heat.ndim == 2 else heat[..., 0]
        top = np.unravel_index(int(heat.argmax()), heat.shape)
        hits += float(np.hypot(top[0] - y, top[1] - x)) < 45
        crop = found.values["crop"]
        held += crop["x"] - 8 <= x <= crop["x"] + crop["width"] + 8 and crop["y"] - 8 <= y <= (
            crop["y"] + crop["height"] + 8)
        disc = _disc(x, y)
        gain.append(heat[disc].mean() / max(heat[~disc].mean(), 1e-9))
    return [Measure("hottest point on the odd object", 100 * hits / len(PLACES), "%", at_least=80,
                    data="a red disc at five places on blurred grass"),
            Measure("crop holds the object", 100 * held / len(PLACES), "%", at_least=80, data="the same"),
            Measure("heat on it over heat elsewhere", float(np.mean(gain)), "times", at_least=2, data="the same")]


def _disc(x: int, y: int) -> np.ndarray:
    rows, columns = np.mgrid[:440, :440]
    return np.asarray(np.hypot(rows - y, columns - x) < 30)
