"""Radial undistortion with k1 and k2; coefficients refer to half the longer side, so they fit every resolution."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, image_result


def run(request: Request) -> Result:
    image = request.input["image"]
    at_least(image, 8)
    k1, k2 = (float(request.parameters[name]) for name in ("k1", "k2"))
    high, wide = image.shape[:2]
    focus = max(high, wide) / 2
    camera = np.array([[focus, 0, (wide - 1) / 2], [0, focus, (high - 1) / 2], [0, 0, 1]])
    view = camera.copy()
    if request.parameters["keep_all"]:
        view, _ = cv2.getOptimalNewCameraMatrix(camera, np.array([k1, k2, 0, 0]), (wide, high), 1)
    straight = cv2.undistort(image, camera, np.array([k1, k2, 0, 0]), None, view)
    return image_result(straight, {"focal_px": round(float(view[0, 0]), 3)})
