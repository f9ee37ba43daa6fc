"""Canny's edges on a smoothed picture; the thresholds come from the picture's own gradients."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, mask_result, to_grey


def run(request: Request) -> Result:
    at_least(request.input["image"], 3)
    grey = to_grey(request.input["image"]).astype(np.float32)
    soft = cv2.GaussianBlur(grey, (0, 0), float(request.parameters["sigma"]))
    across, down = (cv2.Sobel(soft, cv2.CV_16S, *d, ksize=3) for d in ((1, 0), (0, 1)))
    steep = np.abs(across.astype(np.int32)) + np.abs(down.astype(np.int32))
    noise = 1.4826 * float(np.median(steep))
    high = max(20.0, noise * (6 - 4 * request.parameters["sensitivity"]))
    edges = cv2.Canny(across, down, high * 0.4, high, L2gradient=False)
    return mask_result(edges, {"edge_pixels": int((edges > 0).sum()), "threshold": round(high, 1)})
