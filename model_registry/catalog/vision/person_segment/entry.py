"""MediaPipe's selfie segmentation: the share of person in each pixel."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, encode_png

SIZE = 256


def run(request: Request) -> Result:
    image = request.input["image"]
    height, width = image.shape[:2]
    # The net was trained on pictures squeezed into the square, not letterboxed.
    pixels = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA)[None].astype(np.float32) / 255
    share = request.nets.run("selfie-segmentation", {"input": pixels})["activation_10"][0, :, :, 0]
    share = np.clip(cv2.resize(share, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1)
    person = share >= request.parameters["threshold"]
    result = Result({"width": width, "height": height, "coverage": round(float(person.mean()), 4)})
    if not person.any():
        result.warnings.append("no person found")
    shown = share * 255 if request.parameters["soft"] else person * 255
    result.output["mask"] = result.add_media("image/png", encode_png(shown.round().astype(np.uint8)))
    return result
