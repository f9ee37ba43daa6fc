"""Floyd-Steinberg dithering to black and white, or to the picture's own few colours by median cut."""

from __future__ import annotations

import numpy as np
from PIL import Image

from model_registry.catalog_kit import Request, Result, image_result


def run(request: Request) -> Result:
    parameters = request.parameters
    image = Image.fromarray(request.input["image"])
    dither = Image.Dither.FLOYDSTEINBERG if parameters["dither"] else Image.Dither.NONE
    if parameters["palette"] == "black-white":
        made = np.asarray(image.convert("1", dither=dither)).astype(np.uint8) * 255
        return image_result(made, {"colours": 2, "black_share": round(float((made == 0).mean()), 4)})
    few = image.quantize(parameters["colours"], Image.Quantize.MEDIANCUT)
    made = np.asarray(image.quantize(palette=few, dither=dither).convert("RGB"))
    return image_result(made, {"colours": len(np.unique(made.reshape(-1, 3), axis=0))})
