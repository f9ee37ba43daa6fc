"""Removes sensor noise by non-local means; its strength follows the measured noise where none is asked for."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, encode_png


def run(request: Request) -> Result:
    image, strength = request.input["image"], request.parameters["strength"]
    height, width = image.shape[:2]
    if min(height, width) < 16:
        raise InvalidInput("the picture must be at least 16 pixels on each side", field="image")
    noise = _noise(image)
    used = strength or min(max(noise * 1.2, 1.0), 20.0)
    clean = cv2.fastNlMeansDenoisingColored(image, None, used, used, 5, 15)
    values = {"noise_before": round(noise, 2), "strength": round(used, 2)}
    result = Result({"width": width, "height": height, "values": values})
    result.output["image"] = result.add_media("image/png", encode_png(clean))
    return result


def _noise(image: np.ndarray) -> float:
    """Immerkær's operator cancels edges; the median of what is left ignores texture in part of the picture."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float64)
    left = cv2.filter2D(image.astype(np.float64), cv2.CV_64F, kernel)[1:-1, 1:-1]
    return float(np.median(np.abs(left)) / 0.6745 / 6)
