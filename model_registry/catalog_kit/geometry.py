"""Boxes in pixels: overlap, non-maximum suppression, and the letterbox in front of square nets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Box:
    """A scored rectangle; `x`, `y` is its upper left corner. Key points are (x, y, name)."""

    x: float
    y: float
    width: float
    height: float
    score: float = 1.0
    label: str = ""
    keypoints: tuple[tuple[float, float, str], ...] = ()

    @property
    def area(self) -> float:
        return max(self.width, 0.0) * max(self.height, 0.0)

    def clipped(self, width: float, height: float) -> Box:
        """The part inside an image of this size."""
        left, top = min(max(self.x, 0.0), width), min(max(self.y, 0.0), height)
        right, bottom = min(max(self.x + self.width, 0.0), width), min(max(self.y + self.height, 0.0), height)
        return Box(left, top, right - left, bottom - top, self.score, self.label, self.keypoints)

    def as_json(self) -> dict[str, Any]:
        """The box as the output `boxes` has it."""
        found: dict[str, Any] = {
            "x": round(float(self.x), 2), "y": round(float(self.y), 2), "width": round(float(self.width), 2),
            "height": round(float(self.height), 2), "score": round(float(self.score), 4), "label": self.label,
        }
        if self.keypoints:
            found["keypoints"] = [{"x": round(float(x), 2), "y": round(float(y), 2), "name": name}
                                  for x, y, name in self.keypoints]
        return found


def iou(one: Box, other: Box) -> float:
    """Intersection over union, 0…1."""
    wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    high = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    shared = max(wide, 0.0) * max(high, 0.0)
    union = one.area + other.area - shared
    return shared / union if union > 0 else 0.0


def nms(boxes: Sequence[Box], threshold: float = 0.3, *, by_label: bool = True) -> list[Box]:
    """The best boxes, none overlapping a better one (of its label) by more than `threshold`; best first."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda b: -b.score):
        if all(iou(box, k) <= threshold for k in kept if not by_label or k.label == box.label):
            kept.append(box)
    return kept


@dataclass(frozen=True, slots=True)
class Letterbox:
    """An image fitted into a square: `canvas` uint8 (size, size, 3), and the way back to the original's pixels."""

    canvas: NDArray[np.uint8]
    scale: float
    left: int
    top: int

    def back(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the canvas lies in the original."""
        return (x - self.left) / self.scale, (y - self.top) / self.scale


def letterbox(image: NDArray[np.uint8], size: int, fill: int = 0) -> Letterbox:
    """Fits RGB (h, w, 3) into the middle of a square without changing its proportions."""
    from PIL import Image

    high, wide = image.shape[:2]
    scale = size / max(high, wide)
    new_w, new_h = max(1, round(wide * scale)), max(1, round(high * scale))
    left, top = (size - new_w) // 2, (size - new_h) // 2
    canvas = np.full((size, size, 3), fill, np.uint8)
    resized = Image.fromarray(image).resize((new_w, new_h), Image.Resampling.BILINEAR)
    canvas[top:top + new_h, left:left + new_w] = resized
    return Letterbox(canvas, scale, left, top)
