"""Barcodes and 2-D codes by zxing-cpp; bars that lie aslant are read from the picture turned."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import zxingcpp

from model_registry.catalog_kit import Request, Result

TURNS = (0.0, 30.0, 60.0)  # the reader itself tries quarter turns, and stands about 15° between them


def run(request: Request) -> Result:
    image = request.input["image"]
    height, width = image.shape[:2]
    codes: list[dict[str, Any]] = []
    for angle in TURNS:
        codes = codes or _read(image, angle)
    return Result({"width": width, "height": height, "codes": codes}, warnings=[] if codes else ["no code found"])


def _read(image: np.ndarray, angle: float) -> list[dict[str, Any]]:
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    if angle:
        side = int(np.ceil(np.hypot(width, height)))
        turn[:, 2] += ((side - width) / 2, (side - height) / 2)
        image = cv2.warpAffine(image, turn, (side, side), borderValue=(255, 255, 255))
    back = cv2.invertAffineTransform(turn)
    codes = []
    for found in zxingcpp.read_barcodes(image):
        where = found.position
        corners = np.array([[p.x, p.y, 1] for p in (where.top_left, where.top_right, where.bottom_right,
                                                    where.bottom_left)]) @ back.T
        codes.append({"format": found.format.name, "text": found.text, "polygon": np.rint(corners).astype(int)})
    return codes
