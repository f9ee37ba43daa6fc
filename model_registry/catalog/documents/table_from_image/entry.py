"""Finds the grid of ruled lines, then puts every recognised line of text into the cell that holds its middle."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, at_least, to_grey
from model_registry.catalog_kit.ocr import read_lines


def run(request: Request) -> Result:
    image = request.input["image"]
    at_least(image, 40)
    columns, rows = _grid(to_grey(image))
    if len(columns) < 3 or len(rows) < 2:
        raise InvalidInput("no ruled table found", field="image")
    cells: dict[tuple[int, int], list[str]] = {}
    for line in read_lines(image):
        x, y = line.middle
        place = int(np.searchsorted(rows, y)) - 1, int(np.searchsorted(columns, x)) - 1
        if 0 <= place[0] < len(rows) - 1 and 0 <= place[1] < len(columns) - 1:
            cells.setdefault(place, []).append(line.text)
    grid = [[" ".join(cells.get((r, c), [])) for c in range(len(columns) - 1)] for r in range(len(rows) - 1)]
    names = [name or f"column {i + 1}" for i, name in enumerate(grid[0])]
    for i, name in enumerate(names):  # a table's members need different names
        if name in names[:i]:
            names[i] = f"{name} {i + 1}"
    body = [dict(zip(names, row, strict=True)) for row in grid[1:]]
    return Result({"columns": names, "rows": body, "summary": {"rows": len(body), "columns": len(names)}})


def _grid(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of vertical and horizontal lines that cross a good part of the table."""
    ink = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 25, 12)
    found = []
    for axis, length in ((1, max(12, grey.shape[0] // 12)), (0, max(12, grey.shape[1] // 12))):
        kernel = np.ones((length, 1) if axis else (1, length), np.uint8)
        lines = cv2.morphologyEx(ink, cv2.MORPH_OPEN, kernel)
        strength = lines.sum(axis=0 if axis else 1).astype(np.float64) / 255
        places, start = [], None
        limit = 0.4 * float(strength.max()) if strength.max() >= length else np.inf
        for i, strong in enumerate([*(strength >= limit), False]):
            if strong and start is None:
                start = i
            elif not strong and start is not None:
                places.append((start + i - 1) / 2)
                start = None
        found.append(np.array(places))
    return found[0], found[1]
