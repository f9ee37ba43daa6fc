"""Fills marked pixels inwards from their edge: Telea's fast marching, or the Navier-Stokes method."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, image_result, same_size, to_grey

MOST = 0.4


def run(request: Request) -> Result:
    image, mask = request.input["image"], to_grey(request.input["mask"])
    same_size(image, mask, field="mask")
    hole = (mask > 127).astype(np.uint8)
    share = float(hole.mean())
    if share > MOST:
        raise InvalidInput(f"{share:.0%} of the picture is marked; at most {MOST:.0%} can be filled", field="mask")
    method = cv2.INPAINT_TELEA if request.parameters["method"] == "telea" else cv2.INPAINT_NS
    filled = cv2.inpaint(image, hole, float(request.parameters["radius"]), method) if share else image
    return image_result(filled, {"filled_share": round(share, 4)}, warnings=[] if share else ["nothing is marked"])
