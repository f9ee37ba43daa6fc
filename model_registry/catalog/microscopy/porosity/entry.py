"""Evens out the light, splits by Otsu, and measures every pore."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, mask_result, to_grey


def run(request: Request) -> Result:
    at_least(request.input["image"], 16)
    p, grey = request.parameters, to_grey(request.input["image"])
    grey = cv2.medianBlur(255 - grey if p["pores"] == "bright" else grey, 3)
    limit, pores = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    inside, outside = grey[pores > 0], grey[pores == 0]
    # Otsu splits anything: without two clearly different levels there are no pores.
    clear = inside.size and outside.size and float(np.median(outside)) - float(np.median(inside)) > 25
    if not clear:
        pores[:] = 0
    count, labels, stats, _ = cv2.connectedComponentsWithStats(pores.astype(np.uint8))
    areas = stats[1:count, cv2.CC_STAT_AREA]
    kept = areas >= p["min_area"]
    mask = np.r_[False, kept][labels]
    pixel = float(p["micrometres_per_pixel"])
    sizes = 2 * np.sqrt(areas[kept] / np.pi) * pixel
    values = {"porosity": round(float(mask.mean()), 5), "pores": int(kept.sum()), "threshold": round(float(limit), 1)}
    if sizes.size:
        d10, d50, d90 = (round(float(v), 3) for v in np.percentile(sizes, (10, 50, 90)))
        values.update(d10_um=d10, d50_um=d50, d90_um=d90, largest_um=round(float(sizes.max()), 3))
    return mask_result(mask, values, warnings=[] if clear else ["no clear difference between pores and matrix"])
