"""A drawn page under shadow, stains and noise: pixels of ink right and wrong, against one global threshold."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import text_page

LINES = [(30, 30 + 42 * i, text) for i, text in enumerate((
    "The committee met on the fourth of May", "and resolved to repair the northern wall",
    "before the first frost of the year.",
    "Costs of 4,120 were approved at once,", "to be paid from the reserve fund."))]


def scene() -> tuple[np.ndarray, np.ndarray]:
    clean = text_page(LINES, (620, 260), 26)[..., 0]
    y, x = np.mgrid[:260, :620]
    light = 0.35 + 0.6 * (x / 620) + 0.1 * np.sin(y / 40)
    page = clean * light
    page[150:200, 380:520] *= 0.75  # a stain
    noisy = page + np.random.default_rng(0).normal(0, 4, page.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), clean < 128


def samples() -> dict[str, Any]:
    return {"shadow.png": scene()[0]}


def f1(found: np.ndarray, truth: np.ndarray) -> float:
    return float(2 * (found & truth).sum() / (found.sum() + truth.sum()))


def measure(ask: Ask) -> list[Measure]:
    page, truth = scene()
    plain = cv2.threshold(page, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1] > 0
    return [Measure("F1 of ink pixels", f1(ask(image=page).image() == 0, truth),
                    data="a drawn page under shadow and stain",
                    at_least=0.87),
            Measure("F1 of one global threshold", f1(plain, truth), data="the same", method="Otsu")]
