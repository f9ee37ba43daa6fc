"""Mean colour of the answer, converted by scikit-image, against the reference's; strength 0 must change nothing."""

from __future__ import annotations

import numpy as np
import skimage.color
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure, psnr


def mean_lab(picture: np.ndarray) -> np.ndarray:
    return skimage.color.rgb2lab(picture).reshape(-1, 3).mean(0)


def measure(ask: Ask) -> list[Measure]:
    image, reference = skimage.data.astronaut(), skimage.data.coffee()
    made = ask(image=image, reference=reference).image()
    before = float(np.linalg.norm(mean_lab(image) - mean_lab(reference)))
    after = float(np.linalg.norm(mean_lab(made) - mean_lab(reference)))
    same = psnr(ask(image=image, reference=reference, parameters={"strength": 0}).image(), image)
    return [
        Measure("distance of mean colour to the reference", after, "ΔE", data="astronaut to coffee", at_most=4),
        Measure("distance before", before, "ΔE", data="the same"),
        Measure("PSNR at strength 0", same, "dB", at_least=45, data="the same"),
    ]
