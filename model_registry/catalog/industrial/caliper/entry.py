"""A mean profile along the line; peaks of its slope are edges, placed by a parabola through three values."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, at_least, to_grey, value_list


def run(request: Request) -> Result:
    at_least(request.input["image"], 8)
    p, grey = request.parameters, to_grey(request.input["image"]).astype(np.float32)
    high, wide = grey.shape
    far = np.array([wide - 1, high - 1])
    start, end = np.array([p["x1"], p["y1"]]) * far, np.array([p["x2"], p["y2"]]) * far
    length = float(np.hypot(*(end - start)))
    if length < 8:
        raise InvalidInput("the line must be at least 8 pixels long", field="/parameters/x2")
    along = (end - start) / length
    across = np.array([-along[1], along[0]])
    steps, sides = np.arange(0, length, 0.5), np.arange(p["breadth"]) - (p["breadth"] - 1) / 2
    places = start + steps[:, None, None] * along + sides[None, :, None] * across
    profile = cv2.remap(grey, places[..., 0].astype(np.float32), places[..., 1].astype(np.float32), cv2.INTER_LINEAR,
                        borderMode=cv2.BORDER_REPLICATE).mean(1)
    slope = np.gradient(cv2.GaussianBlur(profile[None], (0, 0), 3)[0])
    size = np.abs(slope)
    limit = max(0.25 * float(size.max()), 6 * 1.4826 * float(np.median(size)), 0.3)
    peaks = [i for i in range(3, len(size) - 3) if size[i] >= limit and size[i] == size[i - 3:i + 4].max()]
    if len(peaks) < 2:
        raise InvalidInput("fewer than two clear edges on the line", field="image")
    if p["pick"] == "strongest":
        chosen = sorted(sorted(peaks, key=lambda i: -size[i])[:2])
    else:
        chosen = [peaks[0], peaks[-1]]
    spots = [_refined(size, i) / 2 for i in chosen]
    distance = spots[1] - spots[0]
    points = [start + s * along for s in spots]
    values = value_list(distance=(round(distance * p["millimetres_per_pixel"], 5), "mm"),
                        distance_px=(round(distance, 3), "px"),
                        edges=len(peaks), first=[round(float(v), 3) for v in points[0]],
                        second=[round(float(v), 3) for v in points[1]],
                        contrast=round(float(min(size[i] for i in chosen) * 2), 3))
    return Result({"values": values})


def _refined(size: np.ndarray, i: int) -> float:
    """The top of the parabola through a peak and its neighbours."""
    left, middle, right = (float(size[i + d]) for d in (-1, 0, 1))
    bend = left - 2 * middle + right
    return i + (0.5 * (left - right) / bend if bend else 0.0)
