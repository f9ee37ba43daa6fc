"""Printed text in a picture by PP-OCR, as rapidocr ships it: one engine for every capability of a host."""

from __future__ import annotations

import functools
import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit.types import InvalidInput

_busy = threading.Lock()  # the engine keeps settings of the call in itself


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text: its score 0…1 and its four corners in pixels, clockwise from the upper left."""

    text: str
    score: float
    polygon: list[list[float]]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        xs, ys = [p[0] for p in self.polygon], [p[1] for p in self.polygon]
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def middle(self) -> tuple[float, float]:
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2


@functools.cache
def _engine() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(params={"Global.log_level": "error", "EngineConfig.onnxruntime.intra_op_num_threads": 1})


def _framed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """BGR, with white added right and below to slivers, which the detector would enlarge to many megapixels."""
    high, wide = image.shape[:2]
    down, right = max(32 - high, 0), max(32 - wide, high // 4 - wide, 0)
    padded = np.pad(image, ((0, down), (0, right), (0, 0)), constant_values=255) if down or right else image
    return np.ascontiguousarray(padded[..., ::-1])


def read_lines(image: NDArray[np.uint8], threshold: float = 0.5, *, turn: bool = True) -> list[Line]:
    """The lines of RGB (h, w, 3) that score at least `threshold`; `turn` reads those upside down too."""
    with _busy:
        found = _engine()(_framed(image), use_det=True, use_cls=turn, use_rec=True)
    boxes = [] if found.boxes is None else [[[round(float(x), 1), round(float(y), 1)] for x, y in b]
                                            for b in found.boxes]
    return [Line(text, round(float(score), 4), polygon)
            for text, score, polygon in zip(found.txts or (), found.scores or (), boxes, strict=True)
            if score >= threshold]


def rows_of(lines: list[Line]) -> list[list[Line]]:
    """Lines that stand side by side, as rows from top to bottom, each from left to right."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda item: item.middle[1]):
        _, top, _, bottom = line.box
        if rows and abs(rows[-1][0].middle[1] - line.middle[1]) < (bottom - top) * 0.6:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda item: item.box[0]) for row in rows]


def rows_of_request(fields: Mapping[str, Any], *, least: int = 1) -> list[str]:
    """The rows of text of a document given as `image` or as `text`, in half-width characters; InvalidInput if none."""
    if fields.get("text"):
        rows = str(fields["text"]).splitlines()
    elif fields.get("image") is not None:
        rows = [" ".join(line.text for line in row) for row in rows_of(read_lines(fields["image"]))]
    else:
        raise InvalidInput("send a picture or its text", field="image")
    rows = [unicodedata.normalize("NFKC", row).strip() for row in rows]
    rows = [row for row in rows if row]
    if len(rows) < least:
        raise InvalidInput("no text found", field="image" if fields.get("image") is not None else "text")
    return rows


def find_lines(image: NDArray[np.uint8]) -> list[tuple[list[list[float]], float]]:
    """Where text stands, without reading it: polygons of four corners and scores."""
    with _busy:
        found = _engine()(_framed(image), use_det=True, use_cls=False, use_rec=False)
    if found is None or found.boxes is None:
        return []
    scores = found.scores if found.scores is not None else [1.0] * len(found.boxes)
    return [([[round(float(x), 1), round(float(y), 1)] for x, y in box], float(score))
            for box, score in zip(found.boxes, scores, strict=True)]
