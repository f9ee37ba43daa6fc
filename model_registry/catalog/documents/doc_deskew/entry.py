"""Straightens a scan: the turn at which the rows of ink stand out most."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, image_result, to_grey

LONG_SIDE, MOST_ENLARGED = 900, 2.0  # enlarged, the rows of a small page differ by tenths of a degree too
COARSE, FINE = 1.0, 0.1


def run(request: Request) -> Result:
    image, limit = request.input["image"], request.parameters["max_angle"]
    height, width = image.shape[:2]
    factor = min(LONG_SIDE / max(height, width), MOST_ENLARGED)
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    small = cv2.resize(to_grey(image), None, fx=factor, fy=factor, interpolation=way)
    ink = cv2.adaptiveThreshold(small, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 35, 10)
    coarse, _ = _best(ink, np.arange(-limit, limit + 0.01, COARSE))
    angle, nearby = _best(ink, np.arange(coarse - COARSE, coarse + COARSE + 0.01, FINE))
    if nearby is not None:  # the top of the parabola through the best angle and its neighbours
        left, top, right = nearby
        angle += FINE * 0.5 * (left - right) / (left - 2 * top + right)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    straight = cv2.warpAffine(image, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return image_result(straight, {"angle": round(angle, 2)})


def _best(ink: np.ndarray, angles: np.ndarray) -> tuple[float, list[float] | None]:
    """The sharpest angle, and the sharpness left of it, at it and right of it where it has neighbours that are less."""
    sharpness = [_sharpness(ink, float(angle)) for angle in angles]
    best = int(np.argmax(sharpness))
    nearby = sharpness[best - 1 : best + 2] if 0 < best < len(angles) - 1 else None
    return float(angles[best]), nearby if nearby and nearby[0] < nearby[1] > nearby[2] else None


def _sharpness(ink: np.ndarray, angle: float) -> float:
    height, width = ink.shape
    turned = cv2.warpAffine(ink, cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1), (width, height))
    return float(np.var(np.diff(turned.sum(axis=1).astype(np.float64))))
