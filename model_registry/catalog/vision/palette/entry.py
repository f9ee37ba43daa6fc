"""The main colours of a picture by k-means in Lab, where distance is what the eye sees."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result


def run(request: Request) -> Result:
    image = cv2.resize(request.input["image"], (120, 120), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 0.2)
    count = request.parameters["colours"]
    _, labels, centres = cv2.kmeans(lab, count, None, stop, 3, cv2.KMEANS_PP_CENTERS)
    shares = np.bincount(labels.ravel(), minlength=count) / len(labels)
    colours = (cv2.cvtColor(centres[None], cv2.COLOR_LAB2RGB)[0] * 255).round().clip(0, 255).astype(int)
    values = [
        {"name": "#{:02x}{:02x}{:02x}".format(*colours[i]), "value": round(float(shares[i]), 4), "unit": "share"}
        for i in np.argsort(-shares) if shares[i] > 0
    ]  # fmt: skip
    return Result({"values": values})
