"""A photograph warped by homographies that we know, with noise and other light: where its corners land."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure

MATRICES = [np.array(m) for m in (
    [[0.97, -0.12, 40], [0.10, 1.02, -15], [1e-4, -5e-5, 1]],
    [[1.1, 0.2, -60], [-0.15, 0.95, 50], [-1e-4, 1e-4, 1]],
    [[0.7, 0.3, 20], [-0.3, 0.7, 150], [0, 0, 1]],
)]


def warped(matrix: np.ndarray, seed: int = 0) -> np.ndarray:
    """The reference as the other camera saw it: `matrix` takes it back."""
    picture = cv2.warpPerspective(skimage.data.astronaut(), np.linalg.inv(matrix), (512, 512))
    noise = np.random.default_rng(seed).normal(0, 5, picture.shape)
    return np.clip(picture * 0.85 + 10 + noise, 0, 255).astype(np.uint8)


def samples() -> dict[str, Any]:
    return {"tilted.jpg": warped(MATRICES[0])}


def measure(ask: Ask) -> list[Measure]:
    corners = np.float32([[[100, 100], [400, 100], [400, 400], [100, 400]]])
    errors = []
    for seed, matrix in enumerate(MATRICES):
        found = ask(image=warped(matrix, seed), reference=skimage.data.astronaut()).values["matrix"]
        off = cv2.perspectiveTransform(corners, np.array(found)) - cv2.perspectiveTransform(corners, matrix)
        errors.append(float(np.sqrt((off**2).sum(-1)).max()))
    return [Measure("largest error of a corner", max(errors), "px", at_most=1.5,
                    data="scikit-image astronaut under three known homographies, dimmed, noise 5")]
