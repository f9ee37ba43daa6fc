"""A drawn page seen from known angles over a textured table: corners against the truth."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit import InvalidInput
from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import text_page

CORNERS = (((90, 60), (430, 90), (470, 330), (60, 350)), ((150, 40), (480, 110), (400, 360), (70, 260)),
           ((40, 100), (500, 60), (440, 340), (110, 370)))


def scene(number: int) -> tuple[np.ndarray, np.ndarray]:
    page = text_page([(30, 30 + 50 * i, f"Line {i} of the letter, 4{i}.50") for i in range(5)], (420, 300), 26)
    corners = np.float32(CORNERS[number])
    matrix = cv2.getPerspectiveTransform(np.float32([[0, 0], [419, 0], [419, 299], [0, 299]]), corners)
    table = skimage.data.gravel()[:400, :512] // 3 + 30
    picture = np.stack([table] * 3, -1).astype(np.uint8)
    mask = cv2.warpPerspective(np.full(page.shape[:2], 255, np.uint8), matrix, (512, 400))
    picture = np.where(mask[..., None] > 0, cv2.warpPerspective(page, matrix, (512, 400)), picture)
    return np.clip(picture * 0.9, 0, 255).astype(np.uint8), corners


def samples() -> dict[str, Any]:
    return {"letter.jpg": scene(0)[0]}


def measure(ask: Ask) -> list[Measure]:
    errors = []
    for number in range(3):
        picture, truth = scene(number)
        found = np.array(ask(image=picture).values["corners"])
        errors.append(max(float(np.hypot(*(truth - c).T).min()) for c in found))
    false = 0
    for load in (skimage.data.grass, skimage.data.chelsea):
        try:
            ask(image=load())
            false += 1
        except InvalidInput:
            pass
    return [Measure("largest error of a corner", max(errors), "px", data="three views of a drawn page", at_most=6),
            Measure("pages found where there are none", false, data="grass, chelsea", at_most=0)]
