"""The Shepp-Logan phantom, projected by scikit-image and put together again."""

from __future__ import annotations

from typing import Any

import numpy as np
import skimage.data
from skimage.transform import radon, resize

from model_registry.catalog_kit.quality import Ask, Measure


def phantom() -> np.ndarray:
    return np.asarray(resize(skimage.data.shepp_logan_phantom(), (200, 200), anti_aliasing=True))


def sinogram(angles: int) -> np.ndarray:
    projected = radon(phantom(), theta=np.linspace(0, 180, angles, endpoint=False), circle=True)
    return np.clip(projected / projected.max() * 255, 0, 255).round().astype(np.uint8)


def samples() -> dict[str, Any]:
    return {"sinogram.png": sinogram(180)}


def measure(ask: Ask) -> list[Measure]:
    found = {}
    for angles in (180, 60):
        made = ask(image=sinogram(angles)).image().astype(float)
        found[angles] = float(np.corrcoef(made.ravel(), phantom().ravel())[0, 1])
    return [Measure("correlation with the phantom, 180 angles", found[180], data="Shepp-Logan, 200 × 200",
                    at_least=0.95),
            Measure("correlation, 60 angles", found[60], data="the same", at_least=0.85)]
