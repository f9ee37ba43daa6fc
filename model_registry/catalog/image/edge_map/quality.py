"""Shapes of known outline under noise: edges found within two pixels, and edges that are none."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def scene(noise: float = 8) -> tuple[np.ndarray, np.ndarray]:
    picture = np.full((260, 360), 90, np.uint8)
    cv2.rectangle(picture, (40, 40), (150, 200), 190, -1)
    cv2.circle(picture, (255, 120), 65, 30, -1)
    truth = cv2.Canny(picture, 50, 100) > 0
    noisy = picture + np.random.default_rng(0).normal(0, noise, picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), truth


def samples() -> dict[str, Any]:
    return {"shapes.png": scene()[0]}


def measure(ask: Ask) -> list[Measure]:
    picture, truth = scene()
    found = ask(image=picture).image() > 0
    grown = np.ones((5, 5))
    recall = (cv2.dilate(found.astype(np.uint8), grown) > 0)[truth].mean()
    precision = (cv2.dilate(truth.astype(np.uint8), grown) > 0)[found].mean()
    return [Measure("edges found", 100 * recall, "%", data="a rectangle and a disc, noise 8", at_least=97),
            Measure("found edges that are true", 100 * precision, "%", data="the same", at_least=95)]
