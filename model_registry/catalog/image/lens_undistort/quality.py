"""A grid bent by a known lens: how bent its lines are before and after."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure

SIZE, K1 = (480, 360), -0.15


def bent() -> np.ndarray:
    """Each pixel of the picture looks up where the ideal grid is seen through the lens."""
    grid = np.full((360, 480), 230, np.uint8)
    for x in range(20, 480, 40):
        cv2.line(grid, (x, 0), (x, 359), 30, 3)
    for y in range(20, 360, 40):
        cv2.line(grid, (0, y), (479, y), 30, 3)
    camera = np.array([[240.0, 0, 239.5], [0, 240.0, 179.5], [0, 0, 1]])
    y, x = np.mgrid[:360, :480].astype(np.float32)
    ideal = cv2.undistortPoints(np.stack([x, y], -1).reshape(-1, 1, 2), camera, np.array([K1, 0, 0, 0]), P=camera)
    ideal = ideal.reshape(360, 480, 2).astype(np.float32)
    return cv2.remap(grid, ideal[..., 0], ideal[..., 1], cv2.INTER_LINEAR, borderValue=230)


def samples() -> dict[str, Any]:
    return {"bent.png": bent()}


def bend(picture: np.ndarray) -> float:
    """How far the uppermost line strays from straight, in pixels."""
    grey = picture if picture.ndim == 2 else picture[..., 0]
    columns = np.arange(70, 410)
    rows, row = [], int(grey[40:80, columns[0]].argmin()) + 40
    for x in columns:  # follows the line, which crosses others
        dark = 255.0 - grey[row - 5:row + 6, x]
        if dark.min() < 100:
            row = row - 5 + round(float((dark**2 * np.arange(11)).sum() / (dark**2).sum()))
        rows.append(row)
    fit = np.polyval(np.polyfit(columns, rows, 1), columns)
    return float(np.abs(np.array(rows) - fit).max())


def measure(ask: Ask) -> list[Measure]:
    given = ask(image=bent(), parameters={"k1": K1}).image()
    same = np.abs(ask(image=bent()).image()[..., 0].astype(int) - bent())
    return [Measure("bend of a line after", bend(given), "px", data="a grid seen with k1 = -0.15", at_most=2),
            Measure("bend before", bend(bent()), "px", data="the same", at_least=3),
            Measure("largest change with coefficients 0", same.max(), "of 255", data="the same", at_most=2)]
