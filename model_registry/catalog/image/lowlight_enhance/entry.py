"""LIME: the illumination of a place is the brightest channel around it; dividing by it lights the picture evenly."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, image_result


def run(request: Request) -> Result:
    image, strength = request.input["image"], float(request.parameters["strength"])
    at_least(image, 8)
    light = image.astype(np.float32) / 255
    side = max(3, max(image.shape[:2]) // 60) | 1
    brightest = cv2.blur(cv2.dilate(light.max(2), np.ones((3, 3))), (side, side))
    level = cv2.ximgproc.guidedFilter(light, brightest, 2 * side, 1e-3).clip(0.02, 1)
    lit = light / (level ** strength)[..., None]
    if request.parameters["denoise"]:
        # Noise grows with the gain, so only what was dark is smoothed.
        soft = cv2.bilateralFilter(lit.astype(np.float32).clip(0, 1), 5, 0.08, 3)
        share = (1 - level)[..., None] ** 2
        lit = soft * share + lit * (1 - share)
    return image_result(lit * 255, {"mean_light": round(float(level.mean()), 4)})
