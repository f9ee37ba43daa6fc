"""What stands out: how far each place's colour lies from the mean of the picture and from its wider surroundings."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, image_result

LONG_SIDE = 160


def run(request: Request) -> Result:
    image = request.input["image"]
    height, width = image.shape[:2]
    factor = min(1.0, LONG_SIDE / max(height, width))
    high, wide = max(1, round(height * factor)), max(1, round(width * factor))
    small = cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    lab = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), (0, 0), 2)
    around = cv2.GaussianBlur(lab, (0, 0), max(high, wide) / 6)
    heat = np.linalg.norm(lab - lab.mean(axis=(0, 1)), axis=2) * np.linalg.norm(lab - around, axis=2)
    span = float(np.ptp(heat))
    heat = (heat - heat.min()) / span if span > 1e-9 else np.zeros_like(heat)
    # The crop is the region of the tenth that is hottest which has the most heat in all.
    count, regions = cv2.connectedComponents((heat >= np.quantile(heat, 0.9)).astype(np.uint8))
    sums = [float(heat[regions == region].sum()) for region in range(1, count)]
    rows, columns = np.nonzero(regions == 1 + int(np.argmax(sums)) if sums else heat >= 0)
    crop = {"x": int(columns.min() * width / wide), "y": int(rows.min() * height / high),
            "width": int((np.ptp(columns) + 1) * width / wide), "height": int((np.ptp(rows) + 1) * height / high)}
    shown = cv2.resize((heat * 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    return image_result(shown, {"crop": crop})
