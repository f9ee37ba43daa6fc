"""Removes a colour cast by the grey world: the mean of each channel over pixels that are not burnt out."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Request, Result, encode_png


def run(request: Request) -> Result:
    image = request.input["image"]
    height, width = image.shape[:2]
    flat = image.reshape(-1, 3)
    usable = flat[(flat.max(axis=1) < 250) & (flat.max(axis=1) > 5)]
    means = (usable if len(usable) else flat).mean(axis=0).clip(1)
    gains = 1 + (means.mean() / means - 1) * request.parameters["strength"]
    balanced = (image * gains).clip(0, 255).round().astype(np.uint8)
    values = {name: round(float(gain), 3) for name, gain in zip(("red", "green", "blue"), gains, strict=True)}
    result = Result({"width": width, "height": height, "values": values})
    result.output["image"] = result.add_media("image/png", encode_png(balanced))
    return result
