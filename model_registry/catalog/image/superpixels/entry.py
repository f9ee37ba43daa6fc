"""SLIC superpixels; the answer shows each region in its mean colour with drawn borders."""

from __future__ import annotations

import numpy as np
from skimage.segmentation import find_boundaries, slic

from model_registry.catalog_kit import Request, Result, at_least, image_result, shrink

LONGEST = 700


def run(request: Request) -> Result:
    at_least(request.input["image"], 8)
    image, factor = shrink(request.input["image"], LONGEST)
    labels = slic(image, n_segments=request.parameters["count"], compactness=request.parameters["compactness"],
                  start_label=0, channel_axis=-1)
    flat, count = labels.ravel(), int(labels.max()) + 1
    sizes = np.maximum(np.bincount(flat, minlength=count), 1)
    means = np.stack([np.bincount(flat, image[..., c].ravel(), count) / sizes for c in range(3)], -1)
    shown = means[labels]
    shown[find_boundaries(labels, mode="inner")] = (255, 220, 0)
    return image_result(shown, {"regions": count, "median_pixels": int(np.median(sizes)), "scale": round(factor, 4)})
