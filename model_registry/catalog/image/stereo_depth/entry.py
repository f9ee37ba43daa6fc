"""Semi-global block matching with a left-right check; 0 where no match is sure."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, image_result, same_size, shrink, to_grey

LONGEST = 900


def run(request: Request) -> Result:
    left, right = request.input["left"], request.input["right"]
    same_size(left, right, field="right")
    (left, factor), (right, _) = shrink(to_grey(left), LONGEST), shrink(to_grey(right), LONGEST)
    levels = max(16, -(-round(request.parameters["max_disparity"] * factor) // 16) * 16)
    if left.shape[1] <= levels + 16 or left.shape[0] < 16:
        raise InvalidInput("the pictures are narrower than the disparity searched", field="/parameters/max_disparity")
    block = request.parameters["block"] | 1
    match = cv2.StereoSGBM_create(0, levels, block, 8 * block**2, 32 * block**2, 1, 31, 8, 80, 2,
                                  cv2.STEREO_SGBM_MODE_SGBM_3WAY)
    disparity = match.compute(left, right).astype(np.float32) / 16
    known = disparity > 0
    values = {"known_share": round(float(known.mean()), 4), "scale": round(factor, 4), "levels": levels,
              "grey_per_pixel": round(255 / levels, 4)}
    if known.any():
        spread = np.percentile(disparity[known], (5, 50, 95)) / factor
        values["disparity_5_50_95"] = [round(float(v), 2) for v in spread]
    return image_result(np.where(known, disparity * 255 / levels, 0), values)
