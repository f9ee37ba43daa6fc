"""Labelled crops of scikit-image's LFW subset (100 faces, 100 others), and one portrait at shrinking sizes."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure


def framed(crop: np.ndarray) -> np.ndarray:
    """A crop of 25 × 25, enlarged, with a rim as around a face in a picture."""
    grey = (255 * (crop - crop.min()) / (np.ptp(crop) + 1e-9)).astype(np.uint8)
    large = cv2.resize(grey, (96, 96), interpolation=cv2.INTER_CUBIC)
    return np.stack([cv2.copyMakeBorder(large, 30, 30, 30, 30, cv2.BORDER_REFLECT)] * 3, -1)


def at_size(face_share: float) -> np.ndarray:
    """The astronaut so small that the face takes this share of the picture's width."""
    canvas = np.full((640, 640, 3), 120, np.uint8)
    small = cv2.resize(skimage.data.astronaut(), None, fx=face_share * 640 / 95, fy=face_share * 640 / 95,
                       interpolation=cv2.INTER_AREA)[:600, :600]
    canvas[20:20 + small.shape[0], 20:20 + small.shape[1]] = small
    return canvas


def measure(ask: Ask) -> list[Measure]:
    crops = skimage.data.lfw_subset()
    found = [bool(ask(image=framed(c)).output["boxes"]) for c in crops]
    shares = np.array((0.18, 0.12, 0.08, 0.06, 0.045, 0.03))
    smallest = {}
    for mode in ("near", "far"):
        hits = [bool(ask(image=at_size(s), parameters={"range": mode}).output["boxes"]) for s in shares]
        smallest[mode] = float(shares[hits].min()) if any(hits) else 1.0
    return [Measure("faces found", 100 * float(np.mean(found[:100])), "%", data="LFW subset of scikit-image, 100 faces",
                    at_least=85),
            Measure("false alarms", 100 * float(np.mean(found[100:])), "%", at_most=8,
                    data="the same, 100 other crops"),
            Measure("smallest face found, near", 100 * smallest["near"], "% of the width", data="astronaut, shrunk"),
            Measure("smallest face found, far", 100 * smallest["far"], "% of the width", data="astronaut, shrunk",
                    at_most=8)]
