"""Marks spots that stand out from an even texture: robust deviation of smoothed grey and of local contrast."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, encode_png


def run(request: Request) -> Result:
    image, parameters = request.input["image"], request.parameters
    height, width = image.shape[:2]
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    smooth = cv2.GaussianBlur(grey, (0, 0), parameters["scale"])
    contrast = np.sqrt(cv2.GaussianBlur((grey - smooth) ** 2, (0, 0), parameters["scale"]))
    score = np.maximum(_deviation(smooth), _deviation(contrast))
    defect = (score > parameters["threshold"]).astype(np.uint8)
    count, _, regions, _ = cv2.connectedComponentsWithStats(defect)
    places = [[int(v) for v in r[:4]] for r in regions[1:count] if r[4] >= parameters["min_area"]][:100]
    result = Result({"width": width, "height": height, "coverage": round(float(defect.mean()), 5)})
    result.output["values"] = {"highest": round(float(score.max()), 2), "regions_x_y_width_height": places}
    result.output["mask"] = result.add_media("image/png", encode_png(defect * np.uint8(255)))
    return result


def _deviation(values: np.ndarray) -> np.ndarray:
    middle = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - middle)))
    return np.abs(values - middle) / max(spread, 1.0)
