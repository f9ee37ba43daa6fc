"""Where the second picture lies relative to the first: windowed cross correlation, refined to 1/50 pixel."""

from __future__ import annotations

import cv2
import numpy as np
from skimage.registration import phase_cross_correlation

from model_registry.catalog_kit import InvalidInput, Request, Result, at_least, same_size, to_grey, value_list


def run(request: Request) -> Result:
    first, second = (to_grey(request.input[name]).astype(np.float64) for name in ("image", "other"))
    same_size(first, second, field="other")
    at_least(first, 16)
    if first.std() < 1 or second.std() < 1:
        raise InvalidInput("a picture of one plain colour has no place", field="image")
    window = cv2.createHanningWindow(first.shape[::-1], cv2.CV_64F)
    first, second = (first - first.mean()) * window, (second - second.mean()) * window
    (up, left), error, _ = phase_cross_correlation(first, second, upsample_factor=50, normalization=None)
    x, y, response = -float(left), -float(up), 1 - float(error) ** 2
    values = value_list(shift_x=(round(x, 3), "px"), shift_y=(round(y, 3), "px"),
                        distance=(round(float(np.hypot(x, y)), 3), "px"), response=round(float(response), 4))
    return Result({"values": values}, warnings=[] if response > 0.2 else ["the pictures hardly agree"])
