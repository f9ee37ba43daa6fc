"""Fits the light of one date to the other robustly; what stays far off the fit has changed."""

from __future__ import annotations

import itertools

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, mask_result, same_size


def run(request: Request) -> Result:
    before, after = (request.input[name].astype(np.float32) for name in ("before", "after"))
    same_size(before, after, field="after")
    at_least(before, 16, "before")
    before, after = (cv2.GaussianBlur(p, (0, 0), 1.5) for p in (before, after))
    score = np.zeros(before.shape[:2], np.float32)
    for channel in range(3):
        rest = after[..., channel] - _fitted(before[..., channel], after[..., channel])
        spread = 1.4826 * float(np.median(np.abs(rest - np.median(rest)))) + 1.0
        score += ((rest - np.median(rest)) / spread) ** 2
    score = np.sqrt(score / 3)
    limit = 8 - 6 * request.parameters["sensitivity"]
    changed = cv2.morphologyEx((score > limit).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    _count, labels, stats, _ = cv2.connectedComponentsWithStats(changed)
    keep = stats[:, cv2.CC_STAT_AREA] >= request.parameters["min_area"]
    keep[0] = False
    places = [[int(v) for v in s[:4]] for s, k in zip(stats, keep, strict=True) if k][:200]
    return mask_result(keep[labels], {"regions": len(places), "x_y_width_height": places})


def _fitted(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """A straight line from one date's brightness to the other's, by medians of slices."""
    edges = np.percentile(before, np.linspace(0, 100, 17))
    middles, targets = [], []
    for low, high in itertools.pairwise(edges):
        part = (before >= low) & (before <= high)
        if part.any():
            middles.append(float(np.median(before[part])))
            targets.append(float(np.median(after[part])))
    if np.ptp(middles) < 1:
        return np.full_like(before, np.median(after))
    slope, shift = np.polyfit(middles, targets, 1)
    return np.asarray(before * slope + shift)
