"""Drawn spots of known place under noise on an uneven ground; and an empty picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def scene(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:256, :256]
    picture = 40 + 30 * np.sin(x / 60) + rng.normal(0, 5, (256, 256))
    places: list[tuple[float, float]] = []
    while len(places) < count:
        cx, cy = rng.uniform(8, 248, 2)
        if all(np.hypot(cx - a, cy - b) > 10 for a, b in places):
            places.append((cx, cy))
            picture += rng.uniform(60, 140) * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 2.0**2))
    return np.clip(picture, 0, 255).astype(np.uint8), np.array(places)


def samples() -> dict[str, Any]:
    return {"spots.png": scene(80, 1)[0]}


def measure(ask: Ask) -> list[Measure]:
    right = wrong = missed = 0
    for seed in range(4):
        picture, truth = scene(80, seed)
        boxes = ask(image=picture).output["boxes"]
        found = np.array([[b["x"] + b["width"] / 2, b["y"] + b["height"] / 2] for b in boxes]).reshape(-1, 2)
        near = np.hypot(*(found[:, None] - truth[None]).transpose(2, 0, 1)) < 3
        right += int(near.any(0).sum())
        missed += int((~near.any(0)).sum())
        wrong += int((~near.any(1)).sum())
    empty = np.clip(np.random.default_rng(9).normal(90, 5, (256, 256)), 0, 255).astype(np.uint8)
    return [Measure("spots found", 100 * right / (right + missed), "%", data="4 × 80 drawn spots, noise 5",
                    at_least=97),
            Measure("false spots", 100 * wrong / (right + wrong), "%", data="the same", at_most=3),
            Measure("spots in pure noise", ask(image=empty).output["values"]["spots"], at_most=5)]
