"""The published matrices of Machado et al. 2009 for full severity, in linear light, mixed with the identity."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, image_result

MATRICES = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
LEVELS = np.arange(256) / 255
LINEAR = np.where(LEVELS <= 0.04045, LEVELS / 12.92, ((LEVELS + 0.055) / 1.055) ** 2.4).astype(np.float32)


def run(request: Request) -> Result:
    severity = float(request.parameters["severity"])
    matrix = np.array(MATRICES[request.parameters["kind"]]) * severity + np.eye(3) * (1 - severity)
    light = cv2.transform(LINEAR[request.input["image"]], matrix.astype(np.float32)).clip(0, 1)
    shown = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) * 255
    change = np.abs(shown - request.input["image"]).mean()
    return image_result(shown, {"mean_change": round(float(change), 2)})
