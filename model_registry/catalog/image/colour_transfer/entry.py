"""Reinhard's transfer: mean and spread of each CIELAB channel become those of the reference."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, image_result, shrink


def run(request: Request) -> Result:
    lab = _lab(request.input["image"])
    other = _lab(shrink(request.input["reference"], 800)[0])
    mean, spread = _statistics(lab)
    target_mean, target_spread = _statistics(other)
    moved = (lab - mean) * (target_spread / np.maximum(spread, 1e-3)).clip(0.2, 5) + target_mean
    strength = float(request.parameters["strength"])
    mixed = (lab * (1 - strength) + moved * strength).astype(np.float32)
    rgb = cv2.cvtColor(mixed, cv2.COLOR_LAB2RGB) * 255
    rounded = {"before": mean, "reference": target_mean}
    return image_result(rgb, {f"mean_lab_{k}": [round(float(v), 2) for v in m] for k, m in rounded.items()})


def _lab(image: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))


def _statistics(lab: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flat = lab.reshape(-1, 3)
    return flat.mean(0), flat.std(0)
