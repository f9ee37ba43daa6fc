"""Rows of ink decide between upright and sideways; what is read best decides which way is up."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, at_least, image_result, shrink
from model_registry.catalog_kit.ocr import Line, find_lines, read_lines

LONGEST, MOST_LINES = 900, 6


def run(request: Request) -> Result:
    image = request.input["image"]
    at_least(image, 32)
    small, _ = shrink(image, LONGEST)
    lines = find_lines(small)
    if not lines:
        raise InvalidInput("no text found", field="image")
    sideways = np.mean([_wide(polygon) < 1 for polygon, _ in lines]) > 0.5
    scores = {}
    for quarter in ((1, 3) if sideways else (0, 2)):
        scores[quarter * 90] = _readability(np.ascontiguousarray(np.rot90(small, quarter)))
    turn = max(scores, key=lambda k: scores[k])
    best, other = sorted(scores.values(), reverse=True)
    sure = (best - other) / max(best, 1e-6)
    straight = np.ascontiguousarray(np.rot90(image, turn // 90))
    return image_result(straight, {"turned_by": turn, "certainty": round(float(sure), 3), "lines": len(lines)},
                        warnings=[] if sure > 0.1 else ["both directions read about equally well"])


def _wide(polygon: list[list[float]]) -> float:
    xs, ys = [p[0] for p in polygon], [p[1] for p in polygon]
    return (max(xs) - min(xs)) / max(max(ys) - min(ys), 1e-6)


def _readability(image: np.ndarray) -> float:
    """Score times length of the text read without turning single lines."""
    lines: list[Line] = read_lines(image, 0.3, turn=False)
    return float(sum(line.score**4 * len(line.text) for line in lines))
