"""Filtered back-projection of a sinogram: rows are detector positions, columns angles over the arc."""

from __future__ import annotations

import cv2
import numpy as np
from skimage.transform import iradon

from model_registry.catalog_kit import InvalidInput, Request, Result, image_result, to_grey

LONGEST = 400


def run(request: Request) -> Result:
    sinogram = to_grey(request.input["image"]).astype(np.float64)
    if min(sinogram.shape) < 8:
        raise InvalidInput("a sinogram needs at least 8 detectors and 8 angles", field="image")
    if max(sinogram.shape) > LONGEST:  # bounds the time; the slice gets as many pixels
        size = tuple(min(LONGEST, n) for n in sinogram.shape[::-1])
        sinogram = cv2.resize(sinogram, size, interpolation=cv2.INTER_AREA)
    angles = np.linspace(0, request.parameters["arc"], sinogram.shape[1], endpoint=False)
    slice_ = iradon(sinogram, theta=angles, filter_name=request.parameters["filter"], circle=True)
    low, high = (float(v) for v in np.percentile(slice_, (0.5, 99.8)))
    shown = (slice_ - low) / max(high - low, 1e-9) * 255
    return image_result(shown, {"angles": int(sinogram.shape[1]), "lowest": round(low, 4), "highest": round(high, 4)},
                        warnings=["research use, not for diagnosis"])
