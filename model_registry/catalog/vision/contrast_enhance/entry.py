"""Local contrast by CLAHE on lightness, so that colours stay."""

from __future__ import annotations

import cv2

from model_registry.catalog_kit import Request, Result, encode_png


def run(request: Request) -> Result:
    image = request.input["image"]
    height, width = image.shape[:2]
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    before = float(lab[..., 0].std())
    lab[..., 0] = cv2.createCLAHE(request.parameters["strength"], (8, 8)).apply(lab[..., 0])
    values = {"contrast_before": round(before, 2), "contrast_after": round(float(lab[..., 0].std()), 2)}
    result = Result({"width": width, "height": height, "values": values})
    result.output["image"] = result.add_media("image/png", encode_png(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)))
    return result
