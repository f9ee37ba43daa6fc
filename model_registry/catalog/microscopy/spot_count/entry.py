"""Peaks of the Laplacian of Gaussian at the given size that stand out of the picture's own noise."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, box_result, to_grey

MOST = 5000


def run(request: Request) -> Result:
    image, radius = request.input["image"], float(request.parameters["radius"])
    at_least(image, 8)
    grey = to_grey(image).astype(np.float32)
    if request.parameters["polarity"] == "dark":
        grey = 255 - grey
    sigma = radius / np.sqrt(2)
    answer = -cv2.Laplacian(cv2.GaussianBlur(grey, (0, 0), sigma), cv2.CV_32F, ksize=3) * sigma**2
    noise = 1.4826 * float(np.median(np.abs(answer - np.median(answer)))) + 1e-3
    side = 2 * max(1, round(radius)) + 1
    peaks = (answer == cv2.dilate(answer, np.ones((side, side)))) & (answer > request.parameters["threshold"] * noise)
    peaks &= answer > 1
    rows, columns = np.nonzero(peaks)
    order = np.argsort(-answer[rows, columns])[:MOST]
    top = float(answer.max()) or 1.0
    boxes = [{"x": round(float(columns[i]) - radius, 1), "y": round(float(rows[i]) - radius, 1), "width": 2 * radius,
              "height": 2 * radius, "score": round(float(answer[rows[i], columns[i]]) / top, 4), "label": "spot"}
             for i in order]
    return box_result(image, boxes, {"spots": len(boxes), "noise": round(noise, 3)})
