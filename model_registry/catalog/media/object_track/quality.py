"""A textured object on a curved path over a photograph: overlap with where it is."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit import Box, iou
from model_registry.catalog_kit.quality import Ask, Measure


def scene() -> tuple[list[np.ndarray], list[Box]]:
    ground = cv2.resize(skimage.data.coffee(), (360, 240), interpolation=cv2.INTER_AREA)
    thing = cv2.resize(skimage.data.astronaut()[60:180, 160:280], (44, 44), interpolation=cv2.INTER_AREA)
    frames, truth = [], []
    for t in range(12):
        x, y = 30 + 20 * t, int(110 + 60 * np.sin(t / 3))
        frame = ground.copy()
        frame[y:y + 44, x:x + 44] = np.clip(thing * (1 - 0.02 * t), 0, 255)
        frames.append(frame)
        truth.append(Box(x, y, 44, 44))
    return frames, truth


START = {"x": 30 / 360, "y": 110 / 240, "width": 44 / 360, "height": 44 / 240}


def samples() -> dict[str, Any]:
    return {f"frame-{i}.jpg": frame for i, frame in enumerate(scene()[0][:5])}


def measure(ask: Ask) -> list[Measure]:
    frames, truth = scene()
    found = {b["frame"]: Box(b["x"], b["y"], b["width"], b["height"]) for b in
             ask(frames=frames, parameters=START).output["boxes"]}
    overlaps = [iou(found[i], t) if i in found else 0.0 for i, t in enumerate(truth)]
    return [Measure("overlap (IoU), mean", float(np.mean(overlaps)), at_least=0.6,
                    data="an object of 44 px over twelve frames, 20 px a frame"),
            Measure("frames with overlap above 0.5", 100 * float(np.mean(np.array(overlaps) > 0.5)), "%", at_least=85)]
