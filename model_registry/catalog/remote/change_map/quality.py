"""A scene at two dates with other light, noise, and buildings put in at known places."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure, overlap

PLACES = ((40, 50, 40, 30), (200, 120, 50, 45), (300, 40, 30, 30), (120, 200, 60, 25))


def scene(built: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    ground = skimage.data.gravel()[:280, :380].astype(float)
    land = np.stack([ground * 0.7, ground * 0.9, ground * 0.5], -1)
    later, truth = land * 0.82 + 18, np.zeros((280, 380), np.uint8)
    for number, (x, y, wide, high) in enumerate(PLACES if built else ()):
        later[y:y + high, x:x + wide] = (200, 190, 180) if number % 2 else (40, 45, 60)
        truth[y:y + high, x:x + wide] = 1
    before, after = (np.clip(cv2.GaussianBlur(p, (0, 0), 0.7) + rng.normal(0, 5, p.shape), 0, 255).astype(np.uint8)
                     for p in (land, later))
    return before, after, truth


def samples() -> dict[str, Any]:
    before, after, _ = scene()
    return {"before.jpg": before, "after.jpg": after}


def measure(ask: Ask) -> list[Measure]:
    before, after, truth = scene()
    answer = ask(before=before, after=after)
    same = ask(**dict(zip(("before", "after"), scene(False)[:2], strict=True)))
    return [Measure("overlap with the true changes (IoU)", overlap(answer.image(), truth), at_least=0.7,
                    data="four buildings on gravel, 18% darker, noise 5"),
            Measure("regions found for 4", answer.values["regions"], data="the same", at_least=4, at_most=5),
            Measure("area marked where nothing changed", 100 * same.output["coverage"], "%", at_most=0.5)]
