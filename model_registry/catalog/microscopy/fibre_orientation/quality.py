"""Fibres drawn at known directions with a known spread."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def fibres(direction: float, spread: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    picture = np.full((400, 400), 30, np.uint8)
    for _ in range(350):
        angle = np.deg2rad(-(direction + rng.normal(0, spread)))
        middle, half = rng.uniform(-20, 420, 2), 60 * np.array([np.cos(angle), np.sin(angle)])
        ends = [tuple(int(v) for v in p) for p in (middle - half, middle + half)]
        cv2.line(picture, *ends, int(rng.integers(90, 230)), 2, cv2.LINE_AA)
    return picture[60:340, 60:340]


def samples() -> dict[str, Any]:
    return {"fibres.png": fibres(35, 6)}


def measure(ask: Ask) -> list[Measure]:
    off = []
    agreement = {}
    for direction in (0, 20, 35, 90, 135, 170):
        values = ask(image=fibres(direction, 4, direction)).values
        off.append(abs((values["direction"] - direction + 90) % 180 - 90))
    for spread in (3, 12, 60):
        agreement[spread] = ask(image=fibres(50, spread)).values["agreement"]
    assert agreement[3] > agreement[12] > agreement[60]
    return [Measure("largest error of the direction", max(off), "°", data="six drawn mats, spread 4°", at_most=3),
            Measure("agreement at a spread of 3°", agreement[3], data="drawn mats", at_least=0.6),
            Measure("agreement at a spread of 60°", agreement[60], data="drawn mats", at_most=0.35)]
