"""Drawn networks of known length, ends and crossings."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def network() -> np.ndarray:
    """A horizontal line crossed by three vertical ones: 8 ends, 3 crossings, 300 + 3 × 160 long."""
    picture = np.full((240, 360), 240, np.uint8)
    cv2.line(picture, (30, 120), (330, 120), 20, 5)
    for x in (90, 180, 270):
        cv2.line(picture, (x, 40), (x, 200), 20, 5)
    return picture


def diagonal(angle: float) -> np.ndarray:
    picture = np.full((300, 300), 240, np.uint8)
    half = 100 * np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    ends = [tuple(round(float(v)) for v in (150, 150) + s * half) for s in (-1, 1)]
    cv2.line(picture, *ends, 20, 5, cv2.LINE_AA)
    return picture


def samples() -> dict[str, Any]:
    return {"network.png": network()}


def measure(ask: Ask) -> list[Measure]:
    values = ask(image=network()).values
    lengths = [ask(image=diagonal(a)).values["length_px"] / 200 - 1 for a in (0, 45, 20, 90)]
    return [Measure("error of the length", 100 * abs(values["length_px"] / 780 - 1), "%", at_most=4,
                    data="a drawn network of 780 px"),
            Measure("crossings found for 3", values["junctions"], data="the same", at_least=3, at_most=3),
            Measure("ends found for 8", values["ends"], data="the same", at_least=8, at_most=8),
            Measure("error of a single line's length, largest", 100 * float(np.abs(lengths).max()), "%", at_most=10,
                    data="200 px at 0°, 20°, 45°, 90°", method="steps of 1 and √2 overstate slanted lines")]
