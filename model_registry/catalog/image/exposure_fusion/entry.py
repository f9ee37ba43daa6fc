"""Mertens' exposure fusion: each pixel weighs contrast, saturation and good exposure of every shot."""

from __future__ import annotations

import cv2

from model_registry.catalog_kit import Request, Result, at_least, image_result, same_size


def run(request: Request) -> Result:
    shots = list(request.input["images"])
    same_size(*shots, field="images")
    at_least(shots[0], 16, "images")
    if request.parameters["align"]:
        cv2.createAlignMTB(max_bits=5).process(shots, shots)
    fused = cv2.createMergeMertens().process(shots) * 255
    clipped = [round(float(((s <= 2) | (s >= 253)).mean()), 4) for s in shots]
    after = round(float(((fused <= 2) | (fused >= 253)).mean()), 4)
    return image_result(fused, {"clipped_share_of_shots": clipped, "clipped_share": after})
