"""Scratches and a date of known place on a photograph that we hold undamaged."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure, psnr


def scratches(shape: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(shape[:2], np.uint8)
    for start, end in (((20, 40), (470, 210)), ((400, 30), (90, 380)), ((30, 300), (480, 330))):
        cv2.line(mask, start, end, 255, 4)
    cv2.putText(mask, "12/08", (330, 350), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, 5)
    return mask


def damaged() -> np.ndarray:
    picture = skimage.data.coffee().copy()
    picture[scratches(picture.shape) > 0] = 255
    return picture


def samples() -> dict[str, Any]:
    return {"scratched.jpg": damaged(), "mask.png": scratches(damaged().shape)}


def measure(ask: Ask) -> list[Measure]:
    clean, mask = skimage.data.coffee(), scratches(damaged().shape)
    hole = mask > 0
    filled = ask(image=damaged(), mask=mask).image()
    same = psnr(filled[~hole], clean[~hole])
    return [
        Measure("PSNR inside the scratches", psnr(filled[hole], clean[hole]), "dB", at_least=22,
                data="scikit-image coffee, five strokes", method="against the undamaged picture"),
        Measure("PSNR before", psnr(damaged()[hole], clean[hole]), "dB", data="the same"),
        Measure("PSNR outside", same, "dB", data="the same", at_least=90),
    ]
