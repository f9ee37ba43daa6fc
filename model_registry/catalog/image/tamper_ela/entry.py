"""Saves the picture again as JPEG and shows the loss: parts from another source lose more or less than the rest."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from model_registry.catalog_kit import Request, Result, at_least, image_result

BLOCK = 16


def run(request: Request) -> Result:
    image = request.input["image"]
    at_least(image, 2 * BLOCK)
    again = io.BytesIO()
    Image.fromarray(image).save(again, "JPEG", quality=request.parameters["quality"])
    loss = np.abs(image.astype(np.float32) - np.asarray(Image.open(again), np.float32)).mean(2)
    # Texture loses more than plain areas: what counts is the loss beyond that of equally busy places.
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    busy = cv2.GaussianBlur(np.abs(cv2.Laplacian(grey, cv2.CV_32F)), (0, 0), BLOCK / 2)
    loss = cv2.GaussianBlur(loss, (0, 0), BLOCK / 2)
    ratio = loss / (busy + 2)
    middle = float(np.median(ratio))
    spread = 1.4826 * float(np.median(np.abs(ratio - middle))) + 1e-6
    score = np.clip((ratio - middle) / spread, 0, 10)
    y, x = np.unravel_index(int(score.argmax()), score.shape)
    return image_result(score * 25.5, {"highest_score": round(float(score.max()), 2), "at": [int(x), int(y)],
                                       "suspicious_share": round(float((score > 5).mean()), 4)})
