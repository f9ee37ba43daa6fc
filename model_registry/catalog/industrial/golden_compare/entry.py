"""ECC alignment, then differences beyond what edges may move by a pixel."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, at_least, mask_result, to_grey

SMALL = 480


def run(request: Request) -> Result:
    part, golden = (to_grey(request.input[name]) for name in ("image", "golden"))
    at_least(part, 32)
    at_least(golden, 32, "golden")
    if part.shape != golden.shape:
        part = cv2.resize(part, golden.shape[::-1], interpolation=cv2.INTER_AREA)
    matrix, agreement = _align(golden, part)
    size = golden.shape[::-1]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(part, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    inside = cv2.warpAffine(np.full(part.shape, 255, np.uint8), matrix, size, flags=flags)
    inside = cv2.erode(inside, np.ones((7, 7))) > 250
    soft, good = cv2.GaussianBlur(moved, (0, 0), 1.2), cv2.GaussianBlur(golden.astype(np.float32), (0, 0), 1.2)
    slope, shift = np.polyfit(good[inside][::7], soft[inside][::7], 1) if inside.sum() > 100 else (1.0, 0.0)
    if slope > 0.2:  # the light of the good picture
        soft = (soft - shift) / slope
    near = np.ones((5, 5))
    over = np.maximum(soft - cv2.dilate(good, near), cv2.erode(good, near) - soft)
    defect = ((over > request.parameters["threshold"]) & inside).astype(np.uint8)
    defect = cv2.morphologyEx(defect, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(defect)
    keep = stats[:, cv2.CC_STAT_AREA] >= request.parameters["min_area"]
    keep[0] = False
    places = [[int(v) for v in s[:4]] for s, k in zip(stats, keep, strict=True) if k][:200]
    values = {"defects": len(places), "x_y_width_height": places, "agreement": round(agreement, 4)}
    return mask_result(keep[labels], values, warnings=[] if agreement > 0.6 else ["the pictures hardly agree"])


def _align(golden: np.ndarray, part: np.ndarray) -> tuple[np.ndarray, float]:
    """The (2, 3) matrix that takes places of the good part to those of this one."""
    factor = min(1.0, SMALL / max(golden.shape))
    small = [cv2.resize(p, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) for p in (golden, part)]
    matrix = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 80, 1e-5)
    try:
        agreement, matrix = cv2.findTransformECC(small[0], small[1], matrix, cv2.MOTION_AFFINE, stop, None, 5)
    except cv2.error:
        raise InvalidInput("the part can't be laid over the good one", field="image") from None
    matrix[:, 2] /= factor
    return matrix, float(agreement)
