"""Shifts every shot onto the first, then takes the median of each pixel."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, image_result, same_size, to_grey

MOST_SHIFT = 0.05


def run(request: Request) -> Result:
    shots = request.input["images"]
    same_size(*shots, field="images")
    at_least(shots[0], 16, "images")
    shifts = [[0.0, 0.0]]
    laid = [shots[0]]
    reference = to_grey(shots[0]).astype(np.float32)
    window = cv2.createHanningWindow(reference.shape[::-1], cv2.CV_32F)
    for shot in shots[1:]:
        x = y = 0.0
        if request.parameters["align"]:
            (x, y), _ = cv2.phaseCorrelate(reference, to_grey(shot).astype(np.float32), window)
            if max(abs(x), abs(y)) > MOST_SHIFT * max(reference.shape):
                x = y = 0.0
        shifts.append([round(x, 2), round(y, 2)])
        laid.append(cv2.warpAffine(shot, np.float32([[1, 0, -x], [0, 1, -y]]), shot.shape[1::-1],
                                   borderMode=cv2.BORDER_REPLICATE) if x or y else shot)
    plate = np.median(np.stack(laid), axis=0)
    moving = [round(float((np.abs(s - plate).max(2) > 40).mean()), 4) for s in laid]
    return image_result(plate, {"shifts": shifts, "moving_share": moving})
