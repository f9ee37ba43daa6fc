"""Ink of the colour, closed over its gaps; what is large and compact enough is a stamp."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, box_result, shrink

LONGEST = 1200


def run(request: Request) -> Result:
    at_least(request.input["image"], 16)
    image, factor = shrink(request.input["image"], LONGEST)
    hue, full, light = cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2HSV))
    wanted = (hue <= 10) | (hue >= 168) if request.parameters["colour"] == "red" else (hue >= 98) & (hue <= 132)
    ink = (wanted & (full > 60) & (light > 50)).astype(np.uint8)
    side = max(5, max(image.shape[:2]) // 60) | 1
    closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    boxes = []
    for outline in cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
        x, y, wide, high = cv2.boundingRect(outline)
        hull = float(cv2.contourArea(cv2.convexHull(outline)))
        if hull / factor**2 < request.parameters["min_area"] or not 0.3 < wide / high < 3.4:
            continue
        fill = hull / (wide * high)
        shape = "round" if 0.7 < fill < 0.86 else "rectangular" if fill >= 0.86 else "irregular"
        share = float(ink[y:y + high, x:x + wide].mean())
        boxes.append({"x": round(x / factor, 1), "y": round(y / factor, 1), "width": round(wide / factor, 1),
                      "height": round(high / factor, 1), "score": round(min(1.0, share * 3), 3), "label": shape})
    boxes.sort(key=lambda b: -float(str(b["width"])) * float(str(b["height"])))
    return box_result(request.input["image"], boxes[:50], {"stamps": len(boxes)})
