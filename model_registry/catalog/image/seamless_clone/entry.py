"""Poisson blending: the patch keeps its gradients and takes the colours at its rim from the picture."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, image_result, same_size, to_grey


def run(request: Request) -> Result:
    image, patch, mask = request.input["image"], request.input["patch"], request.input["mask"]
    shape = np.full(patch.shape[:2], 255, np.uint8)
    if mask is not None:
        same_size(patch, mask, field="mask")
        shape = ((to_grey(mask) > 127) * 255).astype(np.uint8)
    # The method solves inside the mask only and needs a rim around it.
    shape[[0, -1]] = 0
    shape[:, [0, -1]] = 0
    if not shape.any():
        raise InvalidInput("nothing of the patch is marked", field="mask")
    x, y, wide, high = cv2.boundingRect(shape)
    cut = (slice(max(0, y - 1), y + high + 1), slice(max(0, x - 1), x + wide + 1))
    patch, shape = patch[cut], shape[cut]
    room = np.array(image.shape[:2]) - shape.shape
    if (room < 4).any():
        raise InvalidInput("the patch must be smaller than the picture", field="patch")
    middle = [round(float(share) * size) for share, size in
              zip((request.parameters["x"], request.parameters["y"]), image.shape[1::-1], strict=True)]
    half = np.array(shape.shape[::-1]) // 2 + 2
    low, high_ = half, np.array(image.shape[1::-1]) - half - 1
    centre = (int(np.clip(middle[0], low[0], high_[0])), int(np.clip(middle[1], low[1], high_[1])))
    kind = cv2.NORMAL_CLONE if request.parameters["mode"] == "normal" else cv2.MIXED_CLONE
    return image_result(cv2.seamlessClone(patch, image, shape, centre, kind), {"centre": list(centre)})
