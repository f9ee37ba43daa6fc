"""Straightens a scan: the turn at which the rows of ink stand out most."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, encode_png

LONG_SIDE = 900


def run(request: Request) -> Result:
    image, limit = request.input["image"], request.parameters["max_angle"]
    height, width = image.shape[:2]
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    factor = min(1.0, LONG_SIDE / max(height, width))
    small = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else grey
    ink = cv2.adaptiveThreshold(small, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 35, 10)
    coarse = max(np.arange(-limit, limit + 0.01, 1.0), key=lambda angle: _sharpness(ink, angle))
    angle = float(max(np.arange(coarse - 1, coarse + 1.01, 0.1), key=lambda angle: _sharpness(ink, angle)))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    straight = cv2.warpAffine(image, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    result = Result({"width": width, "height": height, "values": {"angle": round(angle, 2)}})
    result.output["image"] = result.add_media("image/png", encode_png(straight))
    return result


def _sharpness(ink: np.ndarray, angle: float) -> float:
    height, width = ink.shape
    turned = cv2.warpAffine(ink, cv2.getRotationMatrix2D((width / 2, height / 2), float(angle), 1), (width, height))
    return float(np.var(np.diff(turned.sum(axis=1).astype(np.float64))))
