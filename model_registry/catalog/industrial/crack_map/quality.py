"""Wandering cracks drawn over concrete-like texture; and the texture alone."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure, overlap


def wall(seed: int, cracked: bool = True) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    ground = cv2.GaussianBlur(rng.normal(0, 1, (300, 400)).astype(np.float32), (0, 0), 2) * 30 + 160
    ground += cv2.GaussianBlur(rng.normal(0, 1, (300, 400)).astype(np.float32), (0, 0), 30) * 300
    truth = np.zeros((300, 400), np.uint8)
    if cracked:
        x, y = 10.0, float(rng.uniform(80, 220))
        slope = 0.0
        while x < 390:
            slope = 0.8 * slope + rng.normal(0, 0.5)
            after = (x + 6, float(np.clip(y + 6 * slope, 10, 290)))
            cv2.line(truth, (int(x), int(y)), (int(after[0]), int(after[1])), 1, 3)
            x, y = after
    ground = np.where(truth > 0, ground * 0.5, ground)
    noisy = cv2.GaussianBlur(ground, (0, 0), 0.7) + rng.normal(0, 4, ground.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), truth


def samples() -> dict[str, Any]:
    return {"cracked.jpg": wall(1)[0]}


def measure(ask: Ask) -> list[Measure]:
    found, lengths, clean = [], [], []
    for seed in range(5):
        picture, truth = wall(seed)
        answer = ask(image=picture)
        found.append(overlap(answer.image(), truth))
        true_length = float((cv2.ximgproc.thinning(truth * 255) > 0).sum())
        lengths.append(abs(answer.values["length_px"] / true_length - 1))
        clean.append(ask(image=wall(seed + 50, False)[0]).output["coverage"])
    return [Measure("overlap with the drawn crack (IoU), mean", float(np.mean(found)), data="five drawn walls",
                    at_least=0.5),
            Measure("error of the length, mean", 100 * float(np.mean(lengths)), "%", data="the same", at_most=15),
            Measure("area marked on walls without a crack", 100 * float(np.mean(clean)), "%", at_most=0.3)]
