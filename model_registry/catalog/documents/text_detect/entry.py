"""The detector of PP-OCR alone: boxes of lines with their corners."""

from __future__ import annotations

from model_registry.catalog_kit import Request, Result, at_least, box_result
from model_registry.catalog_kit.ocr import find_lines


def run(request: Request) -> Result:
    image = request.input["image"]
    at_least(image, 16)
    boxes = []
    for polygon, score in find_lines(image):
        xs, ys = [p[0] for p in polygon], [p[1] for p in polygon]
        wide, high = max(xs) - min(xs), max(ys) - min(ys)
        if high >= request.parameters["min_height"]:
            boxes.append({"x": min(xs), "y": min(ys), "width": round(wide, 1), "height": round(high, 1),
                          "score": round(score, 4), "label": "text", "polygon": polygon})
    return box_result(image, boxes, {"lines": len(boxes)}, warnings=[] if boxes else ["no text found"])
