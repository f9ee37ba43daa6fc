"""Iterative back-projection: what the enlarged picture would shrink to must be the picture that was sent."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, image_result


def run(request: Request) -> Result:
    image, factor = request.input["image"], int(request.parameters["factor"])
    at_least(image, 4)
    small = image.astype(np.float32)
    size = (image.shape[1] * factor, image.shape[0] * factor)
    large = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)
    for _ in range(request.parameters["rounds"]):
        missing = small - cv2.resize(large, image.shape[1::-1], interpolation=cv2.INTER_AREA)
        large += cv2.resize(missing, size, interpolation=cv2.INTER_CUBIC)
    # Overshoots at edges are cut to the range of the neighbourhood they came from.
    near = np.ones((3, 3))
    low, high = (cv2.resize(f(small, near), size, interpolation=cv2.INTER_NEAREST) for f in (cv2.erode, cv2.dilate))
    return image_result(np.clip(large, low, high), {"factor": factor})
