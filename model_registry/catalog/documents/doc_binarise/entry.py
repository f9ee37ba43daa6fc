"""Sauvola's local threshold: mean and spread around each pixel, by box filters."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, image_result, to_grey


def run(request: Request) -> Result:
    at_least(request.input["image"], 8)
    grey = to_grey(request.input["image"]).astype(np.float32)
    side = request.parameters["window"] | 1
    mean = cv2.blur(grey, (side, side))
    spread = np.sqrt(np.maximum(cv2.blur(grey * grey, (side, side)) - mean * mean, 0))
    limit = mean * (1 + request.parameters["k"] * (spread / 128 - 1))
    ink = (grey < limit).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink)
    keep = stats[:, cv2.CC_STAT_AREA] >= 3  # single grains of the paper
    keep[0] = False
    ink = keep[labels]
    return image_result(np.where(ink, 0, 255).astype(np.uint8), {"ink_share": round(float(ink.mean()), 5),
                                                                 "marks": int(count) - 1})
