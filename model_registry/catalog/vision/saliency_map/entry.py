"""Where the eye goes first: the spectral residual of the picture, as a heat map and the box to crop to."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, encode_png

SIDE = 64


def run(request: Request) -> Result:
    image = request.input["image"]
    height, width = image.shape[:2]
    grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    spectrum = np.fft.fft2(grey.astype(np.float64))
    amount = np.log(np.abs(spectrum) + 1e-9)
    residual = amount - cv2.blur(amount, (3, 3))
    heat = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    heat = cv2.GaussianBlur(heat, (0, 0), 3)
    span = float(np.ptp(heat))
    heat = (heat - heat.min()) / span if span > 0 else np.zeros_like(heat)
    # The crop is the region of the tenth that is hottest which has the most heat in all.
    count, regions = cv2.connectedComponents((heat >= np.quantile(heat, 0.9)).astype(np.uint8))
    sums = [float(heat[regions == region].sum()) for region in range(1, count)]
    rows, columns = np.nonzero(regions == 1 + int(np.argmax(sums)) if sums else heat >= 0)
    crop = {
        "x": int(columns.min() * width / SIDE), "y": int(rows.min() * height / SIDE),
        "width": int((np.ptp(columns) + 1) * width / SIDE), "height": int((np.ptp(rows) + 1) * height / SIDE),
    }  # fmt: skip
    shown = cv2.resize((heat * 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    result = Result({"width": width, "height": height, "values": {"crop": crop}})
    result.output["image"] = result.add_media("image/png", encode_png(shown))
    return result
