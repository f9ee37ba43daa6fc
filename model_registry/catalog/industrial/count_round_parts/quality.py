"""The coins of scikit-image (24), and drawn discs whose number and diameters are known."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    coins = ask(image=skimage.data.coins()).values["count"]
    random = np.random.default_rng(4)
    off, wrong, errors = 0, 0, []
    for count in (5, 9, 14, 20):
        scene = np.full((500, 600, 3), 20, np.uint8)
        cells = [(60 + 95 * (i % 6), 60 + 100 * (i // 6)) for i in random.permutation(30)[:count] if i // 6 < 5]
        sizes = random.integers(18, 40, len(cells))
        for (x, y), radius in zip(cells, sizes, strict=True):
            cv2.circle(scene, (x, min(y, 450)), int(radius), (190, 190, 200), -1, cv2.LINE_AA)
        scene = np.clip(scene + random.normal(0, 5, scene.shape), 0, 255).astype(np.uint8)
        found = ask(image=scene).output
        wrong += found["values"]["count"] != len(cells)
        off += abs(found["values"]["count"] - len(cells))
        if found["values"]["count"] == len(cells):
            errors.append(abs(found["values"]["mean_diameter"] / (2 * float(sizes.mean()) + 1) - 1))
    return [Measure("coins counted", coins, "of 24", data="scikit-image coins", at_least=24, at_most=24),
            Measure("scenes miscounted", wrong, "of 4", data="5 to 20 drawn discs in noise", at_most=0),
            Measure("error of the mean diameter", 100 * max(errors, default=1), "%", data="the same", at_most=4)]
