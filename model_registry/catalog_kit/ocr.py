"""Printed text in a picture by PP-OCR, as rapidocr ships it: one engine for every capability of a host."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def read_lines(image: NDArray[np.uint8], threshold: float = 0.5) -> list[Line]:
    """The lines of RGB (h, w, 3), top to bottom, that score at least `threshold`."""
    with _busy:
        found = _engine()(np.ascontiguousarray(image[..., ::-1]))
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
