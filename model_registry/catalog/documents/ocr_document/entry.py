"""Printed Chinese and English text by PP-OCR, as rapidocr ships it: detection, direction, recognition."""

from __future__ import annotations

from model_registry.catalog_kit import Request, Result
from model_registry.catalog_kit.ocr import read_lines


def run(request: Request) -> Result:
    image = request.input["image"]
    height, width = image.shape[:2]
    lines = [{"text": line.text, "score": line.score, "polygon": line.polygon}
             for line in read_lines(image, request.parameters["threshold"])]
    text = "\n".join(str(line["text"]) for line in lines)
    warnings = [] if lines else ["no text found"]
    return Result({"width": width, "height": height, "text": text, "lines": lines}, warnings=warnings)
