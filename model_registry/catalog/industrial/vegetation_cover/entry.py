"""The share of green plants in a picture: excess green minus excess red (Meyer and Neto 2008)."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, mask_result

DARKEST = 24  # sum of the channels below which a colour is noise


def run(request: Request) -> Result:
    smooth = cv2.GaussianBlur(request.input["image"].astype(np.float32), (0, 0), 0.8)
    total = smooth.sum(axis=2)
    red, green, blue = (smooth[..., i] / total.clip(1) for i in range(3))
    index = (2 * green - red - blue) - (1.4 * red - green)
    return mask_result((index > request.parameters["threshold"]) & (total > DARKEST))
