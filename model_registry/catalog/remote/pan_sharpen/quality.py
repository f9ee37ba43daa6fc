"""Photographs whose colour was made four times coarser, beside their own grey at full size."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure, psnr


def pair(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    coarse = cv2.resize(picture, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return coarse, cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def pictures() -> list[np.ndarray]:
    return [skimage.data.astronaut(), skimage.data.coffee(), skimage.data.chelsea()[:300, :448]]


def samples() -> dict[str, Any]:
    coarse, grey = pair(skimage.data.coffee()[:320, :480])
    return {"coarse.png": coarse, "grey.jpg": grey}


def measure(ask: Ask) -> list[Measure]:
    ours, plain = [], []
    for picture in pictures():
        coarse, grey = pair(picture)
        ours.append(psnr(ask(colour=coarse, grey=grey).image(), picture))
        plain.append(psnr(cv2.resize(coarse, picture.shape[1::-1], interpolation=cv2.INTER_CUBIC), picture))
    return [Measure("PSNR at factor 4, mean", float(np.mean(ours)), "dB", data="astronaut, coffee, chelsea",
                    at_least=26),
            Measure("gain over bicubic, mean", float(np.mean(np.subtract(ours, plain))), "dB", at_least=2,
                    data="the same")]
