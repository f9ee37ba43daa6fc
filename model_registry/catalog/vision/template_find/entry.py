"""Finds a small picture inside a larger one by normalised correlation, at the same scale and turn."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Box, InvalidInput, Request, Result, nms

MOST = 500


def run(request: Request) -> Result:
    image, patch = (cv2.cvtColor(request.input[name], cv2.COLOR_RGB2GRAY) for name in ("image", "patch"))
    height, width = image.shape
    high, wide = patch.shape
    if high > height or wide > width:
        raise InvalidInput("the patch is larger than the picture", field="patch")
    if patch.std() < 1:
        raise InvalidInput("the patch is one plain colour", field="patch")
    match = cv2.matchTemplate(image, patch, cv2.TM_CCOEFF_NORMED)
    rows, columns = np.nonzero(match >= request.parameters["threshold"])
    best = np.argsort(-match[rows, columns])[:MOST]
    found = [
        Box(float(columns[i]), float(rows[i]), wide, high, float(match[rows[i], columns[i]]), "match") for i in best
    ]
    return Result({"width": width, "height": height, "boxes": [box.as_json() for box in nms(found)]})
