"""Compares two pictures of one size: SSIM, PSNR and a map of where they differ."""

from __future__ import annotations

import cv2
import numpy as np
from skimage.metrics import structural_similarity

from model_registry.catalog_kit import InvalidInput, Request, Result, encode_png


def run(request: Request) -> Result:
    first, second = (cv2.cvtColor(request.input[name], cv2.COLOR_RGB2GRAY) for name in ("image", "other"))
    if first.shape != second.shape:
        raise InvalidInput("both pictures must have the same size", field="other")
    if min(first.shape) < 7:
        raise InvalidInput("the pictures must be at least 7 pixels on each side", field="image")
    height, width = first.shape
    similarity, local = structural_similarity(first, second, full=True)
    error = float(np.mean((first.astype(np.float64) - second) ** 2))
    values = {
        "ssim": round(float(similarity), 4),
        "psnr_db": round(float(10 * np.log10(255**2 / error)), 2) if error else None,
        "identical": error == 0,
    }
    shown = ((1 - local.clip(0, 1)) * 255).round().astype(np.uint8)
    result = Result({"width": width, "height": height, "values": values})
    result.output["image"] = result.add_media("image/png", encode_png(shown))
    return result
