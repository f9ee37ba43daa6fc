"""Green strips of known share beside soil and sky, in three lights."""

from __future__ import annotations

import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure, overlap


def measure(ask: Ask) -> list[Measure]:
    texture = skimage.data.grass()[:300, :400].astype(float)[..., None] / 255
    soil = skimage.data.gravel()[:300, :400].astype(float)[..., None] / 255
    errors, shares = [], []
    for share in (0.1, 0.3, 0.6, 0.9):
        for light in (0.6, 1.0):
            plants = np.broadcast_to(np.arange(400)[None] < share * 400, (300, 400))
            scene = np.where(plants[..., None], texture * (70, 150, 50), 40 + soil * (130, 105, 80)) * light
            found = ask(image=scene.clip(0, 255).astype(np.uint8))
            errors.append(abs(found.output["coverage"] - share))
            shares.append(overlap(found.image(), plants))
    dry = ask(image=(texture * (150, 130, 70)).astype(np.uint8)).output["coverage"]
    return [Measure("error of the share", 100 * max(errors), "percentage points at most", at_most=8,
                    data="tinted grass beside gravel, four shares in two lights"),
            Measure("overlap of the mask", float(np.mean(shares)), "IoU", at_least=0.85, data="the same"),
            Measure("dry yellow grass counted", 100 * dry, "%", data="a tinted texture", at_most=10)]
