"""A photograph cut into three overlapping parts with different brightness must come together again."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure


def parts() -> list[np.ndarray]:
    picture = skimage.data.coffee()
    cuts = [picture[:, :280], picture[:, 160:440], picture[:, 320:]]
    return [np.clip(c * gain, 0, 255).astype(np.uint8) for c, gain in zip(cuts, (0.9, 1.0, 0.95), strict=True)]


def samples() -> dict[str, Any]:
    return {f"part-{i}.jpg": part for i, part in enumerate(parts())}


def measure(ask: Ask) -> list[Measure]:
    whole = skimage.data.coffee()
    joined = ask(images=parts()).image()
    fitted = cv2.resize(joined, whole.shape[1::-1])
    likeness = float(np.corrcoef(whole.ravel(), fitted.ravel())[0, 1])
    error = max(abs(joined.shape[0] / whole.shape[0] - 1), abs(joined.shape[1] / whole.shape[1] - 1))
    return [
        Measure("error of the size", 100 * error, "%", data="scikit-image coffee in three parts", at_most=3),
        Measure("correlation with the whole picture", likeness, data="the same", at_least=0.95),
    ]
