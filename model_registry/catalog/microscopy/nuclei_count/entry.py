"""Colour deconvolution (Ruifrok, Johnston 2001), then one seed per nucleus and a watershed from the seeds."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.ndimage import center_of_mass
from skimage.color import rgb2hed
from skimage.feature import peak_local_max
from skimage.segmentation import watershed

from model_registry.catalog_kit import Request, Result, at_least, box_result

LEAST = 0.012  # optical density that counts as stain


def run(request: Request) -> Result:
    image, diameter = request.input["image"], float(request.parameters["diameter"])
    at_least(image, 16)
    stains = rgb2hed(image)
    blue, brown = (np.clip(stains[..., i], 0, None) for i in (0, 2))
    soft = cv2.GaussianBlur(blue, (0, 0), diameter / 5)
    high = float(np.percentile(soft, 99))
    if high < LEAST:
        return box_result(image, [], {"nuclei": 0, "brown_share": _share(brown)}, warnings=["no blue stain found"])
    limit, _ = cv2.threshold(np.clip(soft / high * 255, 0, 255).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    inside = soft > max(LEAST, limit / 255 * high)
    peaks = peak_local_max(soft, min_distance=max(1, round(diameter * 0.4)), labels=inside.astype(np.uint8))
    seeds = np.zeros(soft.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = watershed(-soft, seeds, mask=inside)
    sizes = np.bincount(labels.ravel(), minlength=len(peaks) + 1)
    least = np.pi * (diameter / 2) ** 2 * 0.25
    kept = [n for n in range(1, len(sizes)) if sizes[n] >= least]
    boxes = []
    for (y, x), number in zip(center_of_mass(inside, labels, kept) if kept else [], kept, strict=True):
        side = 2 * float(np.sqrt(sizes[number] / np.pi))
        boxes.append({"x": round(float(x) - side / 2, 1), "y": round(float(y) - side / 2, 1), "width": round(side, 1),
                      "height": round(side, 1), "score": round(float(soft[labels == number].max() / high), 3)
                      if len(kept) < 300 else 1.0, "label": "nucleus"})
    values = {"nuclei": len(kept), "brown_share": _share(brown),
              "median_area_px": float(np.median(sizes[kept])) if kept else 0.0}
    return box_result(image, boxes, values, warnings=["research use, not for diagnosis"])


def _share(brown: np.ndarray) -> float:
    return round(float((brown > 0.03).mean()), 4)
