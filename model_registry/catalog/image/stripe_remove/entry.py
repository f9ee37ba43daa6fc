"""Finds peaks of the spectrum that stand far above their neighbourhood, away from the middle, and lowers them."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, image_result, to_grey


def run(request: Request) -> Result:
    image = request.input["image"]
    at_least(image, 64)
    grey = to_grey(image).astype(np.float32)
    high, wide = grey.shape
    window = cv2.createHanningWindow((wide, high), cv2.CV_32F)
    size = np.log1p(np.abs(np.fft.fftshift(np.fft.fft2((grey - grey.mean()) * window)))).astype(np.float32)
    middle = cv2.medianBlur((size / size.max() * 255).astype(np.uint8), 9).astype(np.float32) * size.max() / 255
    y, x = np.ogrid[:high, :wide]
    reach = np.hypot((y - high // 2) / high, (x - wide // 2) / wide)
    peaks = (size - middle > 3.2 - 2.4 * request.parameters["strength"]) & (reach > 1 / 30)
    peaks &= size > np.percentile(size, 99.5)
    notch = cv2.GaussianBlur(cv2.dilate(peaks.astype(np.float32), np.ones((5, 5))), (0, 0), 1.5).clip(0, 1)
    # Peaks come in pairs around the middle; a lone one is an accident of the picture.
    mirrored = np.roll(notch[::-1, ::-1], ((high + 1) % 2, (wide + 1) % 2), (0, 1))
    keep = np.fft.ifftshift(1 - np.minimum(notch, mirrored))
    planes = [np.fft.ifft2(np.fft.fft2(image[..., c].astype(np.float32)) * keep).real for c in range(3)]
    count = int(cv2.connectedComponents(peaks.astype(np.uint8))[0]) - 1
    return image_result(np.stack(planes, -1), {"patterns": count // 2},
                        warnings=[] if count > 1 else ["no regular pattern found"])
