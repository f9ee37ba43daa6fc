"""Drawn gauges whose pointer stands at known values, under noise and uneven light."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def gauge(value: float, seed: int = 0) -> np.ndarray:
    """0 to 10 from lower left (225°) clockwise to lower right (-45°)."""
    rng = np.random.default_rng(seed)
    picture = np.full((340, 380), 150, np.uint8)
    middle = (185 + int(rng.integers(-10, 10)), 170 + int(rng.integers(-10, 10)))
    cv2.circle(picture, middle, 140, 235, -1)
    cv2.circle(picture, middle, 140, 40, 6)
    for mark in range(11):
        turn = np.deg2rad(225 - 27 * mark)
        ends = [tuple(round(m + s * r * f) for m, s, f in zip(middle, (1, -1), (np.cos(turn), np.sin(turn)),
                                                                    strict=True)) for r in (118, 132)]
        cv2.line(picture, *ends, 30, 3)
    turn = np.deg2rad(225 - 27 * value)
    tip = tuple(round(m + s * 105 * f) for m, s, f in zip(middle, (1, -1), (np.cos(turn), np.sin(turn)), strict=True))
    cv2.line(picture, middle, tip, 25, 5, cv2.LINE_AA)
    cv2.circle(picture, middle, 12, 25, -1)
    light = 0.75 + 0.3 * np.arange(380) / 380
    return np.clip(picture * light + rng.normal(0, 5, picture.shape), 0, 255).astype(np.uint8)


def samples() -> dict[str, Any]:
    return {"gauge.jpg": gauge(6.4)}


def measure(ask: Ask) -> list[Measure]:
    values = (0.0, 0.7, 2.5, 3.3, 5.0, 6.4, 8.1, 9.6, 10.0)
    errors = [abs(ask(image=gauge(v, i)).values["value"] - v) for i, v in enumerate(values)]
    return [Measure("largest error", max(errors), "of a scale of 10", data="nine drawn gauges, noise 5, uneven light",
                    at_most=0.12),
            Measure("mean error", float(np.mean(errors)), "of a scale of 10", data="the same")]
