"""Grey edge: the differences between neighbours are grey on average, more surely than the colours themselves are."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, image_result


def run(request: Request) -> Result:
    image = request.input["image"]
    smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 1)
    edges = np.hypot(cv2.Sobel(smooth, -1, 1, 0), cv2.Sobel(smooth, -1, 0, 1)).reshape(-1, 3)
    usable = edges[image.reshape(-1, 3).max(axis=1) < 250]  # where a channel is clipped, its edges are lost
    means = (usable if len(usable) else edges).mean(axis=0)
    means = means.clip(max(float(means.max()) / 8, 1e-6))
    gains = 1 + (means.mean() / means - 1) * request.parameters["strength"]
    balanced = (image * gains).clip(0, 255).round().astype(np.uint8)
    values = {name: round(float(gain), 3) for name, gain in zip(("red", "green", "blue"), gains, strict=True)}
    return image_result(balanced, values)
