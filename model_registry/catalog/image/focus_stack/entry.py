"""Takes each place from the shot that is sharpest there; weights are smoothed along the picture's edges."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, image_result, same_size, to_grey


def run(request: Request) -> Result:
    shots, scale = request.input["images"], float(request.parameters["scale"])
    same_size(*shots, field="images")
    at_least(shots[0], 8, "images")
    energy = np.stack([cv2.GaussianBlur(np.abs(cv2.Laplacian(to_grey(s), cv2.CV_32F)), (0, 0), scale) for s in shots])
    best = energy.argmax(0)
    total, mixed = np.zeros(best.shape, np.float32), np.zeros(shots[0].shape, np.float32)
    for number, shot in enumerate(shots):
        weight = cv2.ximgproc.guidedFilter(to_grey(shot), (best == number).astype(np.float32), int(2 * scale), 50.0)
        weight = np.maximum(weight, 1e-4)
        total += weight
        mixed += weight[..., None] * shot
    shares = [round(float((best == n).mean()), 4) for n in range(len(shots))]
    return image_result(mixed / total[..., None], {"share_of_shots": shares})
