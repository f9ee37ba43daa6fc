"""Drawn discs of known sizes, some touching; and the coins of scikit-image, which are 24."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def powder(seed: int) -> tuple[np.ndarray, list[float]]:
    rng = np.random.default_rng(seed)
    picture, placed = np.full((400, 500), 60, np.uint8), []
    for _ in range(4000):
        radius = float(np.clip(rng.lognormal(2.3, 0.3), 5, 24))
        x, y = rng.uniform(30, 470), rng.uniform(30, 370)
        if len(placed) < 80 and all(np.hypot(x - a, y - b) > radius + r - 0.5 for a, b, r in placed):
            placed.append((x, y, radius))
            cv2.circle(picture, (round(x), round(y)), round(radius), 190, -1, cv2.LINE_AA)
    noisy = picture + rng.normal(0, 7, picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), [2 * round(r) for _, _, r in placed]


def samples() -> dict[str, Any]:
    return {"powder.jpg": powder(0)[0]}


def measure(ask: Ask) -> list[Measure]:
    counts, middles = [], []
    for seed in range(4):
        picture, sizes = powder(seed)
        values = ask(image=picture).values
        counts.append(abs(values["particles"] / len(sizes) - 1))
        middles += [abs(values[f"d{q}_um"] / float(np.percentile(sizes, q)) - 1) for q in (10, 50, 90)]
    return [Measure("error of the count, mean", 100 * float(np.mean(counts)), "%", at_most=5,
                    data="four drawn powders of 80 discs, some touching"),
            Measure("error of D10, D50, D90, mean", 100 * float(np.mean(middles)), "%", data="the same", at_most=8)]
