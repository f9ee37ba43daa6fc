"""GrabCut at a small size, then a guided filter lays the mask on the full picture's edges."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, at_least, mask_result, shrink

LONGEST, ROUNDS = 320, 4


def run(request: Request) -> Result:
    image, box = request.input["image"], request.parameters
    at_least(image, 16)
    small, _ = shrink(image, LONGEST)
    high, wide = small.shape[:2]
    left, top = int(box["x"] * wide), int(box["y"] * high)
    right = min(wide - 1, int((box["x"] + box["width"]) * wide))
    bottom = min(high - 1, int((box["y"] + box["height"]) * high))
    left, top = max(left, 1), max(top, 1)
    if right - left < 4 or bottom - top < 4:
        raise InvalidInput("the box is smaller than four pixels", field="/parameters/width")
    mask = np.zeros(small.shape[:2], np.uint8)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(1)
    cv2.grabCut(small, mask, (left, top, right - left, bottom - top), background, foreground, ROUNDS,
                cv2.GC_INIT_WITH_RECT)
    share = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    share = cv2.resize(share, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    share = cv2.ximgproc.guidedFilter(image, share, max(2, image.shape[1] // 160), 40.0)
    return mask_result(share > 0.5, warnings=[] if share.max() > 0.5 else ["nothing in the box differs from outside"])
