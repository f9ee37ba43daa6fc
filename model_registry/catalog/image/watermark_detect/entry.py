"""Votes over all copies of each bit, weighed by how clear its coefficient is; the checksum decides."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, check
from model_registry.catalog_kit.watermark import BITS, PLACES, blocks, capacity, spread, transform, unpack


def run(request: Request) -> Result:
    import cv2

    image = request.input["image"]
    if capacity(image.shape) < 1:
        raise InvalidInput("the picture is too small to hold a mark", field="image")
    luminance = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb)[..., 0].astype(np.float64)
    matrix = transform()
    turned = matrix @ blocks(luminance) @ matrix.T
    carried = np.stack([turned[:, u, v] for u, v in PLACES], 1).ravel() / float(request.parameters["strength"])
    # +1 at odd levels, -1 at even ones, 0 half-way between.
    vote = -np.cos(np.pi * carried)
    sums = np.bincount(spread(len(carried), request.parameters["key"]), vote, BITS)
    counts = np.bincount(spread(len(carried), request.parameters["key"]), minlength=BITS)
    clear = float(np.abs(sums / np.maximum(counts, 1)).mean())
    text = unpack((sums > 0).astype(np.uint8))
    return Result({"verdict": "mark found" if text is not None else "no mark found", "score": float(text is not None),
                   "text": text, "checks": [
        check("checksum", text is not None, text is not None, "16 bits over length and text"),
        check("clearness", None, round(clear, 4), "mean clearness of the votes, 0…1"),
    ]})
