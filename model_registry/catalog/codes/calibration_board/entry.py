"""Corners of each view; with three or more views focal length, centre and distortion, and their mean error."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, same_size, to_grey


def run(request: Request) -> Result:
    images, p = request.input["images"], request.parameters
    same_size(*images, field="images")
    size = (p["columns"], p["rows"])
    if min(images[0].shape[:2]) < 4 * max(size):
        raise InvalidInput("the picture is too small for so many corners", field="images")
    instances, views = [], []
    for number, image in enumerate(images):
        found, corners = cv2.findChessboardCornersSB(to_grey(image), size, flags=cv2.CALIB_CB_NORMALIZE_IMAGE)
        if found:
            views.append(corners)
            instances.append({"score": 1.0, "label": f"view {number}",
                              "points": [{"x": round(float(x), 3), "y": round(float(y), 3)} for x, y in corners[:, 0]]})
    values: dict[str, object] = {"views_found": len(views), "views": len(images)}
    missing = len(images) - len(views)
    warnings = [f"no board in {missing} of {len(images)} pictures"] if missing else []
    if len(views) >= 3:
        grid = np.zeros((size[0] * size[1], 3), np.float32)
        grid[:, :2] = np.mgrid[:size[0], :size[1]].T.reshape(-1, 2) * p["square_mm"]
        shape = images[0].shape[1::-1]
        error, camera, lens, _, _ = cv2.calibrateCamera([grid] * len(views), views, shape, None, None,
                                                        flags=cv2.CALIB_FIX_K3)
        values |= {"mean_error_px": round(float(error), 4), "focal_px": [round(float(camera[i, i]), 2) for i in (0, 1)],
                   "centre_px": [round(float(camera[i, 2]), 2) for i in (0, 1)],
                   "distortion": [round(float(v), 5) for v in lens.ravel()[:5]]}
    return Result({"width": int(images[0].shape[1]), "height": int(images[0].shape[0]), "instances": instances,
                   "values": values}, warnings=warnings)
