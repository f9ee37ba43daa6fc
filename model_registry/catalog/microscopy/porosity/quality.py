"""Sections with pores of known area, and one without any."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def section(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.zeros((300, 400), np.uint8)
    for _ in range(count):
        axes = tuple(int(v) for v in rng.integers(3, 13, 2))
        cv2.ellipse(truth, (int(rng.integers(0, 400)), int(rng.integers(0, 300))), axes, int(rng.integers(180)), 0,
                    360, 1, -1)
    picture = np.where(truth > 0, 55, 175) + rng.normal(0, 9, truth.shape)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 0.8), 0, 255).astype(np.uint8), truth


def samples() -> dict[str, Any]:
    return {"section.png": section(60, 1)[0]}


def measure(ask: Ask) -> list[Measure]:
    off, counts = [], []
    for count, seed in ((20, 0), (60, 1), (120, 2)):
        picture, truth = section(count, seed)
        values = ask(image=picture).values
        off.append(abs(values["porosity"] - float(truth.mean())))
        counts.append(abs(values["pores"] / (cv2.connectedComponents(truth)[0] - 1) - 1))
    plain = np.clip(np.random.default_rng(0).normal(170, 9, (200, 200)), 0, 255).astype(np.uint8)
    return [Measure("error of the porosity, largest", 100 * max(off), "% of the area", at_most=0.6,
                    data="drawn sections with 2 to 20% pores, noise 9"),
            Measure("error of the number of pores, largest", 100 * max(counts), "%", data="the same", at_most=8),
            Measure("porosity claimed on a plain section", 100 * ask(image=plain).values["porosity"], "%", at_most=0.1)]
