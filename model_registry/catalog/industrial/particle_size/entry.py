"""Splits by Otsu, parts touching particles at the necks of their distance map, and measures each."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, box_result, to_grey

MOST = 2000


def run(request: Request) -> Result:
    image, p = request.input["image"], request.parameters
    at_least(image, 16)
    grey = cv2.medianBlur(to_grey(image), 3)
    kind = cv2.THRESH_BINARY if p["polarity"] == "bright" else cv2.THRESH_BINARY_INV
    _, solid = cv2.threshold(grey, 0, 255, kind | cv2.THRESH_OTSU)
    levels = [float(np.median(grey[m])) if m.any() else 0.0 for m in (solid > 0, solid == 0)]
    if abs(levels[0] - levels[1]) < 20:
        return box_result(image, [], {"particles": 0}, warnings=["no particles stand out of the ground"])
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((3, 3)))
    labels = _split(solid) if p["split"] else cv2.connectedComponents(solid)[1]
    count = int(labels.max()) + 1
    areas = np.bincount(labels.ravel(), minlength=count)
    rim = set(np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])).tolist())
    scale, boxes, sizes = float(p["micrometres_per_pixel"]), [], []
    rows, columns = np.nonzero(labels > 0)
    numbers = labels[rows, columns]
    low = np.full((count, 2), 10**9)
    high = np.zeros((count, 2), int)
    for axis, values in enumerate((columns, rows)):
        np.minimum.at(low[:, axis], numbers, values)
        np.maximum.at(high[:, axis], numbers, values)
    for number in range(1, count):
        if areas[number] < 9 or number in rim:
            continue
        size = 2 * float(np.sqrt(areas[number] / np.pi))
        sizes.append(size * scale)
        (x, y), (right, bottom) = low[number], high[number]
        boxes.append({"x": int(x), "y": int(y), "width": int(right - x + 1), "height": int(bottom - y + 1),
                      "score": 1.0,
                      "label": f"{size * scale:.4g} µm"})
    values: dict[str, object] = {"particles": len(sizes), "covered": round(float((solid > 0).mean()), 4)}
    if sizes:
        volumes = np.sort(sizes)
        share = np.cumsum(volumes**3) / (volumes**3).sum()
        values |= {f"d{q}_um": round(float(np.percentile(sizes, q)), 3) for q in (10, 50, 90)}
        values |= {f"dv{q}_um": round(float(np.interp(q / 100, share, volumes)), 3) for q in (10, 50, 90)}
    return box_result(image, boxes[:MOST], values)


def _split(solid: np.ndarray) -> np.ndarray:
    """Watershed from the peaks of the distance to the ground; shallow peaks are joined first."""
    distance = cv2.distanceTransform(solid, cv2.DIST_L2, 5)
    soft = cv2.GaussianBlur(distance, (0, 0), max(1.0, float(np.percentile(distance[distance > 0], 90)) / 6))
    reach = max(3, round(float(np.percentile(soft[solid > 0], 95)))) | 1
    peaks = ((soft == cv2.dilate(soft, np.ones((reach, reach)))) & (solid > 0)).astype(np.uint8)
    _, seeds = cv2.connectedComponents(cv2.dilate(peaks, np.ones((3, 3), np.uint8)))
    markers = np.where(solid > 0, seeds, seeds.max() + 1).astype(np.int32)
    shown = cv2.cvtColor(255 - np.clip(distance / max(float(distance.max()), 1e-6) * 255, 0, 255).astype(np.uint8),
                         cv2.COLOR_GRAY2BGR)
    cv2.watershed(shown, markers)
    markers[(markers == seeds.max() + 1) | (markers < 0)] = 0
    # The watershed leaves a line of nobody around each: give it back to the particle beside it.
    grown = cv2.dilate(markers.astype(np.float32), np.ones((3, 3))).astype(np.int32)
    return np.asarray(np.where((markers == 0) & (solid > 0), grown, markers))
