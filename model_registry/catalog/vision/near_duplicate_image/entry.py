"""Says whether two pictures are the same one after resizing, compression or noise, by a perceptual hash."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result


def run(request: Request) -> Result:
    first, second = (_hash(request.input[name]) for name in ("image", "other"))
    distance = int((first != second).sum())
    limit = request.parameters["max_distance"]
    detail = f"of 64 bits; up to {limit} is alike"
    check = {"name": "distance", "passed": distance <= limit, "value": distance, "detail": detail}
    verdict = "duplicate" if distance <= limit else "different"
    return Result({"verdict": verdict, "score": round(1 - distance / 64, 4), "checks": [check]})


def _hash(image: np.ndarray) -> np.ndarray:
    """64 bits: which of the lowest frequencies lie above their median."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:8, :8].ravel()
    return low > np.median(low[1:])
