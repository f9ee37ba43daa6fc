"""Patches cut out at known places, found again under noise, light and compression; absent ones must not be found."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    random = np.random.default_rng(5)
    picture, other = skimage.data.camera(), skimage.data.coffee()
    right, errors, false = 0, [], 0
    for _ in range(12):
        x, y = (int(v) for v in random.integers(20, 400, 2))
        patch = np.ascontiguousarray(picture[y : y + 64, x : x + 64])
        if patch.std() < 12:
            x, y, patch = 220, 80, np.ascontiguousarray(picture[80:144, 220:284])
        noisy = np.clip(picture * 0.85 + random.normal(0, 8, picture.shape), 0, 255).astype(np.uint8)
        packed = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 60])[1].tobytes()
        boxes = ask(image=packed, patch=patch).output["boxes"]
        best = max(boxes, key=lambda b: b["score"], default=None)
        off = 1e9 if best is None else max(abs(best["x"] - x), abs(best["y"] - y))
        right += off <= 2
        errors.append(off)
        false += bool(ask(image=np.ascontiguousarray(other), patch=patch).output["boxes"])
    return [Measure("patches found within 2 pixels", 100 * right / 12, "%", at_least=80,
                    data="twelve patches of camera; the picture darkened, noisy, JPEG 60"),
            Measure("found in a picture without it", 100 * false / 12, "%", at_most=20, data="the same in coffee")]
