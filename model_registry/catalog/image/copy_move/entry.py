"""SIFT points that look alike within one picture and agree on one shift and turn."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, box_result, shrink, to_grey

LONGEST, NEAR, MOST = 800, 24, 4


def run(request: Request) -> Result:
    image, factor = shrink(request.input["image"], LONGEST)
    points, described = cv2.SIFT_create(2500, contrastThreshold=0.01).detectAndCompute(to_grey(image), None)
    boxes = []
    if described is not None and len(points) > 8:
        here, there = _alike(np.array([p.pt for p in points]), described)
        for _ in range(MOST):
            if len(here) < request.parameters["min_matches"]:
                break
            cv2.setRNGSeed(1)
            matrix, agree = cv2.estimateAffinePartial2D(here, there, method=cv2.RANSAC, ransacReprojThreshold=3)
            agree = np.zeros(len(here), bool) if matrix is None else agree.ravel() > 0
            if agree.sum() < request.parameters["min_matches"]:
                break
            number = len(boxes) // 2
            for side, name in ((here, "source or copy"), (there, "copy or source")):
                boxes.append(_box(side[agree] / factor, name, int(agree.sum()), number))
            here, there = here[~agree], there[~agree]
    return box_result(request.input["image"], boxes, {"copies": len(boxes) // 2},
                      warnings=[] if boxes else ["no copied region found"])


def _alike(places: np.ndarray, described: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of points that resemble each other far more than anything else, and lie apart."""
    here, there = [], []
    for first, *others in cv2.BFMatcher().knnMatch(described, described, k=4):
        del first  # the point itself
        if len(others) < 2:
            continue
        best, next_ = others[0], others[1]
        if best.distance < 0.6 * next_.distance and best.queryIdx < best.trainIdx:
            one, other = places[best.queryIdx], places[best.trainIdx]
            if np.hypot(*(one - other)) > NEAR:
                here.append(one)
                there.append(other)
    return np.float32(here).reshape(-1, 2), np.float32(there).reshape(-1, 2)


def _box(points: np.ndarray, name: str, matches: int, number: int) -> dict[str, object]:
    left, top = points.min(0)
    right, bottom = points.max(0)
    return {"x": round(float(left), 1), "y": round(float(top), 1), "width": round(float(right - left), 1),
            "height": round(float(bottom - top), 1), "label": name, "id": number,
            "score": round(min(1.0, matches / 40), 3)}
