"""Splits by Otsu, thins to one pixel, and counts ends and crossings by the neighbours of each pixel."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, mask_result, to_grey

NEIGHBOURS = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.float32)


def run(request: Request) -> Result:
    at_least(request.input["image"], 8)
    grey = to_grey(request.input["image"])
    kind = cv2.THRESH_BINARY_INV if request.parameters["polarity"] == "dark" else cv2.THRESH_BINARY
    _, lines = cv2.threshold(cv2.medianBlur(grey, 3), 0, 255, kind | cv2.THRESH_OTSU)
    if lines.mean() > 0.6 * 255:
        return mask_result(np.zeros(grey.shape, bool), {"length_px": 0.0, "ends": 0, "junctions": 0, "parts": 0},
                           warnings=["most of the picture counts as line; check the polarity"])
    thin = (cv2.ximgproc.thinning(lines) > 0).astype(np.uint8)
    thin = _prune(thin, request.parameters["min_branch"])
    around = cv2.filter2D(thin.astype(np.float32), -1, NEIGHBOURS, borderType=cv2.BORDER_CONSTANT) * thin
    # Crossings are clusters of pixels with three or more neighbours.
    junctions = cv2.connectedComponents(cv2.dilate((around >= 3).astype(np.uint8), np.ones((3, 3), np.uint8)))[0] - 1
    straight = int((thin[:, 1:] & thin[:, :-1]).sum() + (thin[1:] & thin[:-1]).sum())
    steps = thin[1:, 1:] & thin[:-1, :-1] & ~(thin[1:, :-1] | thin[:-1, 1:])
    other = thin[1:, :-1] & thin[:-1, 1:] & ~(thin[1:, 1:] | thin[:-1, :-1])
    length = straight + np.sqrt(2) * (int((steps & 1).sum()) + int((other & 1).sum()))
    return mask_result(thin, {"length_px": round(float(length), 1), "ends": int((around == 1).sum()),
                              "junctions": int(junctions), "parts": int(cv2.connectedComponents(thin)[0]) - 1})


def _prune(thin: np.ndarray, shortest: int) -> np.ndarray:
    """Cuts branches that are shorter than `shortest` and end freely at a junction."""
    around = cv2.filter2D(thin.astype(np.float32), -1, NEIGHBOURS, borderType=cv2.BORDER_CONSTANT) * thin
    knots = cv2.dilate((around >= 3).astype(np.uint8), np.ones((3, 3), np.uint8)) & thin
    _count, labels, stats, _ = cv2.connectedComponentsWithStats(thin & ~knots & 1, connectivity=8)
    ends = set(np.unique(labels[(around == 1) & (labels > 0)]).tolist())
    touching = set(np.unique(labels[cv2.dilate(knots, np.ones((3, 3), np.uint8)) > 0]).tolist())
    short = [n for n in ends & touching if n and stats[n, cv2.CC_STAT_AREA] < shortest]
    kept = thin.copy()
    kept[np.isin(labels, short)] = 0
    return kept
