"""Smears ink into blocks, then names each by its size, darkness and how its rows alternate."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, box_result, shrink, to_grey

LONGEST = 1000


def run(request: Request) -> Result:
    at_least(request.input["image"], 48)
    image, factor = shrink(request.input["image"], LONGEST)
    grey = to_grey(image)
    ink = (cv2.adaptiveThreshold(grey, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 51, 12)
           | (grey < 110).astype(np.uint8))
    letter = _letter_height(ink)
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((max(3, round(letter * 2)), max(3, round(letter * 2)))))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    boxes = []
    for x, y, wide, high, _ in stats[1:count]:
        if wide * high < letter * letter * 0.8:
            continue
        label = _name(ink[y:y + high, x:x + wide], grey[y:y + high, x:x + wide], letter)
        boxes.append({"x": round(x / factor, 1), "y": round(y / factor, 1), "width": round(wide / factor, 1),
                      "height": round(high / factor, 1), "score": 1.0, "label": label})
    boxes.sort(key=lambda b: (float(str(b["y"])), float(str(b["x"]))))
    kinds = {k: sum(b["label"] == k for b in boxes) for k in ("text", "heading", "picture", "line")}
    return box_result(request.input["image"], boxes[:500], {**kinds, "letter_height": round(letter / factor, 1)},
                      warnings=[] if boxes else ["the page is blank"])


def _letter_height(ink: np.ndarray) -> float:
    heights = cv2.connectedComponentsWithStats(ink)[2][1:, cv2.CC_STAT_HEIGHT]
    heights = heights[(heights >= 5) & (heights <= ink.shape[0] / 8)]
    return float(np.median(heights)) if len(heights) else 10.0


def _name(ink: np.ndarray, grey: np.ndarray, letter: float) -> str:
    high, wide = ink.shape
    if min(high, wide) < letter * 0.5 and max(high, wide) > 6 * min(high, wide):
        return "line"
    # A picture has middle greys all over; text is ink or paper.
    between = float(((grey > 70) & (grey < 200)).mean())
    if (between > 0.35 or float(ink.mean()) > 0.6) and high > 2.5 * letter:
        return "picture"
    sizes = cv2.connectedComponentsWithStats(ink)[2][1:, cv2.CC_STAT_HEIGHT]
    sizes = sizes[sizes >= letter * 0.5]
    return "heading" if len(sizes) and float(np.median(sizes)) > 1.35 * letter else "text"
