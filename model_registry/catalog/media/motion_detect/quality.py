"""Two objects on known paths before a photograph, with noise and flicker."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit import Box, iou
from model_registry.catalog_kit.quality import Ask, Measure


def scene(moving: bool = True) -> tuple[list[np.ndarray], list[list[Box]]]:
    rng, frames, truth = np.random.default_rng(0), [], []
    ground = cv2.resize(skimage.data.coffee(), (300, 200), interpolation=cv2.INTER_AREA).astype(float)
    for t in range(8):
        picture, boxes = ground * (1 + 0.03 * np.sin(t)), []
        for x, y, colour in ((10 + 32 * t, 20, (250, 240, 60)), (260 - 30 * t, 150, (30, 60, 220))) if moving else ():
            cv2.rectangle(picture, (x, y), (x + 27, y + 27), colour, -1)
            boxes.append(Box(x, y, 28, 28))
        truth.append(boxes)
        frames.append(np.clip(picture + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8))
    return frames, truth


def samples() -> dict[str, Any]:
    return {f"frame-{i}.jpg": frame for i, frame in enumerate(scene()[0][:5])}


def measure(ask: Ask) -> list[Measure]:
    frames, truth = scene()
    boxes = ask(frames=frames).output["boxes"]
    hits, wrong = 0, 0
    for number, wanted in enumerate(truth):
        found = [Box(b["x"], b["y"], b["width"], b["height"]) for b in boxes if b["frame"] == number]
        hits += sum(any(iou(w, f) > 0.5 for f in found) for w in wanted)
        wrong += sum(all(iou(w, f) <= 0.5 for w in wanted) for f in found)
    still = len(ask(frames=scene(False)[0]).output["boxes"])
    return [Measure("moving objects found (IoU > 0.5)", 100 * hits / 16, "%", at_least=90,
                    data="two objects in eight frames with noise 4 and flicker 3%"),
            Measure("boxes where nothing moves", wrong, data="the same", at_most=1),
            Measure("boxes in a still scene", still, at_most=0)]
