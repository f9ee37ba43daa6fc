"""Voronoi grains of known number: the intercept of such a mosaic is known from its density."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from scipy.spatial import cKDTree

from model_registry.catalog_kit.quality import Ask, Measure


def section(seeds: int, seed: int = 0) -> tuple[np.ndarray, float]:
    """A mosaic and its true mean intercept, counted on its labels along rows and columns."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:420, :420]
    _, labels = cKDTree(rng.uniform(0, 420, (seeds, 2))).query(np.stack([x, y], -1).reshape(-1, 2))
    labels = labels.reshape(420, 420)
    changes = (labels[:, 1:] != labels[:, :-1]).sum() + (labels[1:] != labels[:-1]).sum()
    shades = rng.integers(150, 220, seeds)
    picture = shades[labels].astype(np.float32)
    edge = np.zeros((420, 420), np.uint8)
    edge[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    edge[1:] |= labels[1:] != labels[:-1]
    picture[cv2.dilate(edge, np.ones((3, 3), np.uint8)) > 0] = 60
    picture = cv2.GaussianBlur(picture, (0, 0), 1) + rng.normal(0, 5, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8), 2 * 420 * 420 / float(changes)


def samples() -> dict[str, Any]:
    return {"section.png": section(150)[0][:300, :300]}


def measure(ask: Ask) -> list[Measure]:
    off = []
    for seeds in (60, 150, 300):
        picture, truth = section(seeds, seeds)
        off.append(abs(ask(image=picture).values["mean_intercept"] / truth - 1))
    picture, _ = section(150)
    one, ten = (ask(image=picture, parameters={"micrometres_per_pixel": m}).values["astm_number"] for m in (1, 0.5))
    return [Measure("error of the mean intercept, largest", 100 * max(off), "%", at_most=14,
                    data="drawn mosaics of 60, 150 and 300 grains"),
            Measure("ASTM numbers more at half the scale", ten - one, data="the same picture", method="2 by definition",
                    at_least=1.98, at_most=2.02)]
