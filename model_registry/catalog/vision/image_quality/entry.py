"""Sharpness, noise and exposure of a photograph, each against a plain threshold."""

from __future__ import annotations

import cv2
import numpy as np
from skimage.measure import blur_effect

from model_registry.catalog_kit import InvalidInput, Request, Result

LONG_SIDE = 1024


def run(request: Request) -> Result:
    image = request.input["image"]
    if min(image.shape[:2]) < 32:
        raise InvalidInput("the picture must be at least 32 pixels on each side", field="image")
    factor = min(1.0, LONG_SIDE / max(image.shape[:2]))
    if factor < 1:
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    blur = float(blur_effect(grey))
    noise = _noise(grey)
    brightness = float(grey.mean())
    contrast = float(grey.std())
    dark, bright = float((grey <= 4).mean()), float((grey >= 251).mean())
    limits = request.parameters
    checks = [
        _check("sharpness", blur <= limits["max_blur"], blur, "perceived blur, 0 sharp … 1 blurred"),
        _check("noise", noise <= limits["max_noise"], noise, "standard deviation of the noise in grey levels"),
        _check("brightness", 40 <= brightness <= 215, brightness, "mean grey level, 40 to 215 is fair"),
        _check("contrast", contrast >= 20, contrast, "standard deviation of grey levels, from 20"),
        _check("clipped_shadows", dark <= 0.2, dark, "share of black pixels, up to 0.2"),
        _check("clipped_lights", bright <= 0.2, bright, "share of white pixels, up to 0.2"),
    ]
    passed = sum(check["passed"] for check in checks)
    verdict = "good" if passed == len(checks) else "fair" if passed >= len(checks) - 1 else "poor"
    return Result({"verdict": verdict, "score": round(passed / len(checks), 3), "checks": checks})


def _check(name: str, passed: bool, value: float, detail: str) -> dict[str, object]:
    return {"name": name, "passed": bool(passed), "value": round(value, 4), "detail": detail}


def _noise(grey: np.ndarray) -> float:
    """Immerkær's operator cancels edges; the median of what is left ignores texture in part of the picture."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float64)
    left = cv2.filter2D(grey.astype(np.float64), cv2.CV_64F, kernel)[1:-1, 1:-1]
    return float(np.median(np.abs(left)) / 0.6745 / 6)
