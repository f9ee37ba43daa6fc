"""Divides by the light: a robust second-degree surface, or the large-scale background, of each channel together."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, image_result, shrink, to_grey

LONGEST = 200


def run(request: Request) -> Result:
    image = request.input["image"]
    at_least(image, 8)
    small = to_grey(shrink(image, LONGEST)[0]).astype(np.float32)
    if request.parameters["model"] == "polynomial":
        light = _surface(small)
    else:
        side = max(3, round(max(small.shape) * request.parameters["scale"])) | 1
        ground = cv2.medianBlur(small.astype(np.uint8), min(side, 255)).astype(np.float32)
        light = cv2.GaussianBlur(ground, (0, 0), side / 3)
    light = light.clip(max(4.0, float(light.max()) * 0.05), None)
    wide = cv2.resize(light, image.shape[1::-1], interpolation=cv2.INTER_CUBIC).clip(1, None)
    even = image * (float(np.median(light)) / wide)[..., None]
    return image_result(even, {"darkest_over_brightest": round(float(light.min() / light.max()), 4)})


def _surface(grey: np.ndarray) -> np.ndarray:
    """Least squares of logarithms with outliers taken out, so that objects don't bend the surface."""
    y, x = np.mgrid[-1:1:grey.shape[0] * 1j, -1:1:grey.shape[1] * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1).reshape(-1, 6)
    values, weight = np.log(grey.ravel() + 1), np.ones(grey.size)
    for _ in range(8):
        found, *_ = np.linalg.lstsq(terms * weight[:, None], values * weight, rcond=None)
        rest = np.abs(values - terms @ found)
        weight = 1 / np.maximum(rest, 1.4826 * float(np.median(rest)) + 1e-6)
        weight /= weight.max()
    return np.asarray(np.exp(terms @ found).reshape(grey.shape))
