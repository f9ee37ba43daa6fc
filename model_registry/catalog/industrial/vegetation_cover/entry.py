"""The share of green plants in a picture, by excess green with a fixed threshold."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Request, Result, encode_png


def run(request: Request) -> Result:
    image = request.input["image"].astype(np.float32)
    height, width = image.shape[:2]
    total = image.sum(axis=2).clip(1)
    excess = (2 * image[..., 1] - image[..., 0] - image[..., 2]) / total
    plants = (excess > request.parameters["threshold"]) & (total > 60)
    result = Result({"width": width, "height": height, "coverage": round(float(plants.mean()), 4)})
    result.output["mask"] = result.add_media("image/png", encode_png(plants))
    return result
