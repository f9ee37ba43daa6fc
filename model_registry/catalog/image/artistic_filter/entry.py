"""Looks of drawings and paintings by edge-preserving filters; slow ones work on at most a thousand pixels a side."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, image_result, shrink

LONGEST = 1000


def run(request: Request) -> Result:
    at_least(request.input["image"], 8)
    image, factor = shrink(request.input["image"], LONGEST)
    style = request.parameters["style"]
    if style == "oil":
        made = cv2.xphoto.oilPainting(image, 4, 1)
    elif style == "watercolour":
        made = cv2.stylization(image, sigma_s=60, sigma_r=0.45)
    elif style == "cartoon":
        made = _cartoon(image)
    else:
        grey, colour = cv2.pencilSketch(image, sigma_s=60, sigma_r=0.07, shade_factor=0.05)
        made = grey if style == "pencil" else colour
    return image_result(made, {"style": style, "scale": round(factor, 4)})


def _cartoon(image: np.ndarray) -> np.ndarray:
    flat = image
    for _ in range(3):
        flat = cv2.bilateralFilter(flat, 7, 40, 7)
    flat = (flat // 24 * 24 + 12).astype(np.uint8)
    grey = cv2.medianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 5)
    line = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 6)
    return cv2.bitwise_and(flat, flat, mask=line)
