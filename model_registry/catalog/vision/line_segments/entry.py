"""Straight lines of a picture by the line segment detector LSD, longest first."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result


def run(request: Request) -> Result:
    image, parameters = request.input["image"], request.parameters
    height, width = image.shape[:2]
    found = cv2.createLineSegmentDetector().detect(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))[0]
    lines = np.zeros((0, 4)) if found is None else found[:, 0].astype(np.float64)
    lengths = np.hypot(lines[:, 2] - lines[:, 0], lines[:, 3] - lines[:, 1])
    order = [i for i in np.argsort(-lengths) if lengths[i] >= parameters["min_length"]][: parameters["most"]]
    longest = float(lengths.max()) if len(lengths) else 1.0
    instances = [
        {"score": round(float(lengths[i]) / longest, 4), "label": f"{lengths[i]:.1f} px",
         "points": [{"x": round(float(x), 1), "y": round(float(y), 1)} for x, y in lines[i].reshape(2, 2)]}
        for i in order
    ]  # fmt: skip
    return Result({"width": width, "height": height, "instances": instances, "skeleton": [[0, 1]]})
