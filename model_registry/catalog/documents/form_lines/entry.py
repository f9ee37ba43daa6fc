"""Opens the ink along rows and columns to find long lines, and fills them except where strokes cross."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, image_result, to_grey


def run(request: Request) -> Result:
    image = request.input["image"]
    at_least(image, 32)
    grey = to_grey(image)
    ink = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 35, 12)
    share, lines, counts = float(request.parameters["min_length"]), np.zeros_like(ink), []
    for axis, size in ((0, grey.shape[1]), (1, grey.shape[0])):
        length = max(15, round(size * share))
        kernel = np.ones((1, length) if axis == 0 else (length, 1), np.uint8)
        found = cv2.morphologyEx(ink, cv2.MORPH_OPEN, kernel)
        counts.append(cv2.connectedComponents(found)[0] - 1)
        # Where a stroke crosses, ink stands on both sides of the line: keep it.
        thick = np.ones((3, 1) if axis == 0 else (1, 3), np.uint8)
        beside = cv2.bitwise_and(ink, cv2.bitwise_not(cv2.dilate(found, thick, iterations=2)))
        reach = np.ones((11, 1) if axis == 0 else (1, 11), np.uint8)
        crossing = cv2.morphologyEx(beside, cv2.MORPH_CLOSE, reach)
        lines |= cv2.bitwise_and(cv2.dilate(found, thick), cv2.bitwise_not(crossing))
    ground = cv2.medianBlur(cv2.dilate(image, np.ones((9, 9))), 5)
    clean = np.where(lines[..., None] > 0, ground, image)
    return image_result(clean, {"horizontal": int(counts[0]), "vertical": int(counts[1]),
                                "removed_share": round(float((lines > 0).mean()), 5)})
