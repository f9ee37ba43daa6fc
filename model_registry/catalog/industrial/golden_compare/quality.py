"""A drawn board with planted faults, turned, shifted, in other light, with noise; and the same without faults."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure

FAULTS = ((70, 60), (250, 170), (310, 70))


def board() -> np.ndarray:
    rng = np.random.default_rng(5)
    picture = np.full((260, 380, 3), (20, 90, 50), np.uint8)
    for _ in range(26):
        x, y = int(rng.integers(10, 350)), int(rng.integers(10, 240))
        cv2.line(picture, (x, y), (x + int(rng.integers(-60, 60)), y), (60, 150, 80), 2)
    for x in range(50, 360, 60):
        for y in range(40, 240, 55):
            cv2.rectangle(picture, (x, y), (x + 26, y + 16), (30, 30, 30), -1)
            for pin in (-5, 27):
                cv2.rectangle(picture, (x + pin, y + 2), (x + pin + 4, y + 14), (200, 200, 190), -1)
    return picture


def part(seed: int, faulty: bool) -> np.ndarray:
    rng, picture = np.random.default_rng(seed), board()
    if faulty:
        cv2.rectangle(picture, (50 - 6, 40 - 2), (50 + 34, 40 + 18), (20, 90, 50), -1)  # a missing component
        cv2.rectangle(picture, (240, 160), (262, 176), (210, 205, 200), -1)  # solder where none belongs
        cv2.circle(picture, (310, 70), 9, (10, 10, 10), -1)  # a burnt spot
    matrix = cv2.getRotationMatrix2D((190, 130), float(rng.uniform(-2, 2)), 1)
    matrix[:, 2] += rng.uniform(-4, 4, 2)
    moved = cv2.warpAffine(picture, matrix, (380, 260), borderMode=cv2.BORDER_REPLICATE)
    return np.clip(moved * rng.uniform(0.85, 1.1) + rng.normal(0, 5, moved.shape), 0, 255).astype(np.uint8)


def samples() -> dict[str, Any]:
    return {"golden.png": board(), "faulty.jpg": part(0, True)}


def measure(ask: Ask) -> list[Measure]:
    found = false = clean = 0
    for seed in range(6):
        places = ask(image=part(seed, True), golden=board()).values["x_y_width_height"]
        hits = [any(x - 22 <= fx <= x + w + 22 and y - 22 <= fy <= y + h + 22 for x, y, w, h in places) for fx,
                fy in FAULTS]
        found += sum(hits)
        false += sum(all(not (x - 22 <= fx <= x + w + 22 and y - 22 <= fy <= y + h + 22) for fx, fy in FAULTS)
                     for x, y, w, h in places)
        clean += ask(image=part(seed + 20, False), golden=board()).values["defects"]
    return [Measure("faults found", 100 * found / 18, "%", data="six drawn boards with three faults, turned and dimmed",
                    at_least=95),
            Measure("false marks on them", false, data="the same", at_most=2),
            Measure("marks on six boards without faults", clean, at_most=1)]
