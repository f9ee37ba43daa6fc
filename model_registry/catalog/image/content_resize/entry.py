"""Seam carving: takes out the connected path of least change, again and again."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, image_result, shrink

LONGEST = 480


def run(request: Request) -> Result:
    at_least(request.input["image"], 16)
    image, factor = shrink(request.input["image"], LONGEST)
    high, wide = image.shape[:2]
    image = _narrow(image, wide - round(wide * request.parameters["width"]))
    image = _narrow(image.swapaxes(0, 1), high - round(high * request.parameters["height"])).swapaxes(0, 1)
    return image_result(np.ascontiguousarray(image), {"scale": round(factor, 4), "before": [wide, high]})


def _narrow(image: np.ndarray, seams: int) -> np.ndarray:
    """The picture with that many vertical seams taken out."""
    image = np.ascontiguousarray(image)
    for _ in range(seams):
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        energy = cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
        high, wide = energy.shape
        for y in range(1, high):
            above = energy[y - 1]
            least = above.copy()
            np.minimum(least[1:], above[:-1], out=least[1:])
            np.minimum(least[:-1], above[1:], out=least[:-1])
            energy[y] += least
        keep = np.ones((high, wide), bool)
        x = int(energy[-1].argmin())
        keep[-1, x] = False
        for y in range(high - 2, -1, -1):
            low = max(x - 1, 0)
            x = low + int(energy[y, low:x + 2].argmin())
            keep[y, x] = False
        image = image[keep].reshape(high, wide - 1, 3)
    return image
