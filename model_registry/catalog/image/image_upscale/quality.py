"""Photographs shrunk by area and enlarged again, against bicubic enlargement."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure, psnr


def pictures() -> list[np.ndarray]:
    return [skimage.data.astronaut(), skimage.data.coffee()[:396, :600], skimage.data.chelsea()[:300, :444]]


def small(picture: np.ndarray, factor: int) -> np.ndarray:
    return cv2.resize(picture, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)


def samples() -> dict[str, Any]:
    return {"small.png": small(skimage.data.astronaut()[40:240, 120:320], 2)}


def measure(ask: Ask) -> list[Measure]:
    ours, bicubic = [], []
    for picture in pictures():
        shrunk = small(picture, 2)
        whole = picture[:shrunk.shape[0] * 2, :shrunk.shape[1] * 2]
        ours.append(psnr(ask(image=shrunk).image(), whole))
        bicubic.append(psnr(cv2.resize(shrunk, whole.shape[1::-1], interpolation=cv2.INTER_CUBIC), whole))
    return [
        Measure("PSNR at factor 2, mean", float(np.mean(ours)), "dB",
                data="astronaut, coffee, chelsea of scikit-image"),
        Measure("gain over bicubic, mean", float(np.mean(np.subtract(ours, bicubic))), "dB", at_least=0.3),
    ]
