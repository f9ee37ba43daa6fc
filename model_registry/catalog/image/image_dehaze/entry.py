"""The dark channel prior: haze lifts the darkest colour of every place; a guided filter keeps the map on edges."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, image_result, shrink

LONGEST, FLOOR = 600, 0.12


def run(request: Request) -> Result:
    image = request.input["image"]
    at_least(image, 16)
    small = shrink(image, LONGEST)[0].astype(np.float32) / 255
    side = max(3, round(max(small.shape[:2]) / 40)) | 1
    dark = cv2.erode(small.min(2), np.ones((side, side)))
    brightest = np.argsort(dark.ravel())[-max(1, dark.size // 1000):]
    air = small.reshape(-1, 3)[brightest].mean(0).clip(0.2, 1)
    share = 1 - request.parameters["strength"] * cv2.erode((small / air).min(2), np.ones((side, side)))
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    share = cv2.ximgproc.guidedFilter(grey, share.astype(np.float32), 4 * side, 1e-3)
    share = cv2.resize(share, image.shape[1::-1]).clip(FLOOR, 1)[..., None]
    clear = (image.astype(np.float32) / 255 - air) / share + air
    return image_result(clear * 255, {"haze": round(1 - float(share.mean()), 4),
                                      "air_light": [round(float(v), 3) for v in air]})
