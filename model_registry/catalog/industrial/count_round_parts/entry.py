"""Counts round parts on a darker ground: edges, watershed from sure ground and sure part, one region a part."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage
from skimage.filters import sobel
from skimage.measure import label, regionprops
from skimage.segmentation import watershed

from model_registry.catalog_kit import Request, Result

LONG_SIDE = 1000


def run(request: Request) -> Result:
    image, parameters = request.input["image"], request.parameters
    height, width = image.shape[:2]
    factor = min(1.0, LONG_SIDE / max(height, width))
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else image
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    seeds = np.zeros(grey.shape, np.int32)
    seeds[grey < parameters["ground_level"]] = 1
    seeds[grey > parameters["part_level"]] = 2
    parts = ndimage.binary_fill_holes(watershed(sobel(grey), seeds) == 2)
    boxes, diameters = [], []
    for region in regionprops(label(parts)):
        if region.area * (1 / factor) ** 2 < parameters["min_area"]:
            continue
        top, left, bottom, right = (float(value) / factor for value in region.bbox)
        diameter = float(region.equivalent_diameter_area) / factor
        roundness = float(min(region.axis_minor_length / max(region.axis_major_length, 1e-9), 1))
        diameters.append(diameter)
        boxes.append({
            "x": round(left, 1), "y": round(top, 1), "width": round(right - left, 1), "height": round(bottom - top, 1),
            "score": round(roundness, 3), "label": f"{diameter:.1f} px",
        })  # fmt: skip
    values = {"count": len(boxes), "mean_diameter": round(float(np.mean(diameters)), 2) if diameters else 0.0}
    return Result({"width": width, "height": height, "boxes": boxes, "values": values})
