"""Ridges of the Hessian at two scales, linked by hysteresis, thinned for length; width is area over length."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, mask_result, to_grey


def run(request: Request) -> Result:
    at_least(request.input["image"], 24)
    p, grey = request.parameters, to_grey(request.input["image"]).astype(np.float32)
    ridge = np.max([_ridge(grey, p["width"] * s) for s in (0.35, 0.6)], axis=0)
    noise = 1.4826 * float(np.median(np.abs(ridge - np.median(ridge)))) + float(np.median(ridge)) + 0.3
    strong, weak = ((ridge > noise * k * (3 - 2 * p["sensitivity"])).astype(np.uint8) for k in (4.0, 2.0))
    _, labels = cv2.connectedComponents(weak)
    linked = np.isin(labels, np.setdiff1d(np.unique(labels[strong > 0]), [0])).astype(np.uint8)
    linked = cv2.morphologyEx(linked, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    thin = cv2.ximgproc.thinning(linked * 255) > 0
    count, labels = cv2.connectedComponents(linked)
    lengths = np.bincount(labels.ravel(), thin.ravel(), count)
    keep = lengths >= p["min_length"]
    keep[0] = False
    mask = keep[labels]
    length = float(lengths[keep].sum())
    return mask_result(mask, {"cracks": int(keep.sum()), "length_px": round(length, 1),
                              "longest_px": round(float(lengths[keep].max(initial=0)), 1),
                              "mean_width_px": round(float(mask.sum()) / length, 2) if length else 0.0})


def _ridge(grey: np.ndarray, sigma: float) -> np.ndarray:
    """The larger eigenvalue of the scaled Hessian: positive on dark lines."""
    soft = cv2.GaussianBlur(grey, (0, 0), max(0.7, sigma))
    xx, yy, xy = (cv2.Sobel(soft, cv2.CV_32F, *d) for d in ((2, 0), (0, 2), (1, 1)))
    top = (xx + yy) / 2 + np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    low = (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    return np.asarray(np.clip(top - np.abs(low), 0, None) * sigma**2 / 4)
