"""Printed Chinese and English text by PP-OCR, as rapidocr ships it: detection, direction, recognition."""

from __future__ import annotations

import functools
import threading
from typing import Any

import cv2

from model_registry.catalog_kit import Request, Result

_busy = threading.Lock()  # the engine keeps settings of the call in itself


@functools.cache
def _engine() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(params={"Global.log_level": "error", "EngineConfig.onnxruntime.intra_op_num_threads": 1})


def run(request: Request) -> Result:
    image = request.input["image"]
    height, width = image.shape[:2]
    with _busy:
        found = _engine()(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    lines = []
    for text, score, polygon in zip(found.txts or (), found.scores or (), _polygons(found.boxes), strict=True):
        if score >= request.parameters["threshold"]:
            lines.append({"text": text, "score": round(float(score), 4), "polygon": polygon})
    text = "\n".join(line["text"] for line in lines)
    warnings = [] if lines else ["no text found"]
    return Result({"width": width, "height": height, "text": text, "lines": lines}, warnings=warnings)


def _polygons(boxes: Any) -> list[list[list[float]]]:
    return [] if boxes is None else [[[round(float(x), 1), round(float(y), 1)] for x, y in box] for box in boxes]
