"""Scores every window of the wanted shape by how much saliency it holds, and cuts the best."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, image_result, shrink

LONGEST = 160


def run(request: Request) -> Result:
    image = request.input["image"]
    at_least(image, 16)
    small, factor = shrink(image, LONGEST)
    salient = _saliency(small)
    high, wide = small.shape[:2]
    aspect, share = float(request.parameters["aspect"]), float(request.parameters["share"])
    width = min(wide, high * aspect) * np.sqrt(share)
    crop_w, crop_h = max(2, round(width)), max(2, min(high, round(width / aspect)))
    total = cv2.integral(salient)
    held = (total[crop_h:, crop_w:] - total[:-crop_h, crop_w:] - total[crop_h:, :-crop_w] + total[:-crop_h, :-crop_w])
    # Of windows that hold the same, the one nearest to the middle of what is salient.
    y, x = np.mgrid[:held.shape[0], :held.shape[1]]
    middle = [float((salient.sum(1 - a) * np.arange(n)).sum() / salient.sum()) for a, n in ((0, high), (1, wide))]
    off = np.hypot(y + crop_h / 2 - middle[0], x + crop_w / 2 - middle[1]) / np.hypot(high, wide)
    top, left = np.unravel_index(int((held / salient.sum() - 0.1 * off).argmax()), held.shape)
    box = [round(v / factor) for v in (left, top, crop_w, crop_h)]
    cut = image[box[1]:box[1] + box[3], box[0]:box[0] + box[2]]
    share_held = round(float(held[top, left] / salient.sum()), 4)
    return image_result(cut, {"x_y_width_height": box, "saliency_held": share_held})


def _saliency(image: np.ndarray) -> np.ndarray:
    lab = cv2.cvtColor(cv2.GaussianBlur(image, (0, 0), 1.5), cv2.COLOR_RGB2LAB).astype(np.float32)
    rare = np.linalg.norm(lab - lab.reshape(-1, 3).mean(0), axis=2)
    spectrum = np.fft.fft2(lab[..., 0])
    size = np.log(np.abs(spectrum) + 1e-6)
    rest = size - cv2.blur(size, (3, 3))
    sudden = cv2.GaussianBlur((np.abs(np.fft.ifft2(np.exp(rest + 1j * np.angle(spectrum)))) ** 2), (0, 0), 3)
    return np.asarray(rare / max(rare.max(), 1e-6) + sudden / max(sudden.max(), 1e-9) + 1e-6, np.float64)
