"""Photographs blurred with known kernels and noise: how much nearer to the sharp one the answer is."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure, psnr


def picture() -> np.ndarray:
    return skimage.data.astronaut()[:384, :384]


def blurred(kind: str) -> tuple[np.ndarray, dict[str, Any]]:
    sharp = picture().astype(np.float32)
    if kind == "gaussian":
        soft, known = cv2.GaussianBlur(sharp, (0, 0), 2.0), {"kind": "gaussian", "size": 2}
    else:
        soft, known = cv2.blur(sharp, (15, 1)), {"kind": "motion", "size": 15, "angle": 0}
    noisy = soft + np.random.default_rng(1).normal(0, 1, soft.shape)
    return np.clip(noisy, 0, 255).round().astype(np.uint8), known


def samples() -> dict[str, Any]:
    return {"motion.png": blurred("motion")[0]}


def measure(ask: Ask) -> list[Measure]:
    found = []
    for kind in ("gaussian", "motion"):
        soft, known = blurred(kind)
        gain = psnr(ask(image=soft, parameters=known).image(), picture()) - psnr(soft, picture())
        found.append(Measure(f"PSNR gained, {kind}", gain, "dB", at_least=2.0,
                             data="scikit-image astronaut, sigma 2 or 15 px, noise 1"))
    return found
