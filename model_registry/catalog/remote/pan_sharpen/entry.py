"""Each channel is multiplied by how much the sharp grey stands out of its own blur at the coarse scale."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, image_result, to_grey


def run(request: Request) -> Result:
    colour, grey = request.input["colour"], to_grey(request.input["grey"]).astype(np.float32)
    factor = grey.shape[0] / colour.shape[0]
    if factor < 1 or abs(grey.shape[1] / colour.shape[1] / factor - 1) > 0.03:
        raise InvalidInput("the grey picture must have the same outline and at least the size of the other",
                           field="grey")
    size = grey.shape[::-1]
    wide = cv2.resize(colour, size, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    coarse = cv2.resize(cv2.resize(grey, colour.shape[1::-1], interpolation=cv2.INTER_AREA), size,
                        interpolation=cv2.INTER_CUBIC)
    ratio = (grey + 1) / (coarse + 1)
    sharp = wide * np.clip(ratio, 0.4, 2.5)[..., None]
    return image_result(sharp, {"factor": round(factor, 3)})
