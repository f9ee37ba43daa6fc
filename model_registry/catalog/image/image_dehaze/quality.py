"""Haze of known density laid over photographs that we hold clear."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure, psnr


def hazy(picture: np.ndarray, density: float = 0.55) -> np.ndarray:
    """More haze towards the top, as with distance."""
    share = (1 - density * np.linspace(1.2, 0.6, picture.shape[0])).clip(0.1, 1)[:, None, None]
    return (picture * share + 225 * (1 - share)).astype(np.uint8)


def pictures() -> list[np.ndarray]:
    return [cv2.resize(p, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
            for p in (skimage.data.coffee(), skimage.data.chelsea(), skimage.data.rocket())]


def samples() -> dict[str, Any]:
    return {"hazy.jpg": hazy(pictures()[1])}


def measure(ask: Ask) -> list[Measure]:
    before = [psnr(hazy(p), p) for p in pictures()]
    after = [psnr(ask(image=hazy(p)).image(), p) for p in pictures()]
    plain = ask(image=pictures()[1]).values["haze"]
    return [
        Measure("PSNR gained, mean", float(np.mean(np.subtract(after, before))), "dB", at_least=3,
                data="three photographs of scikit-image under known haze"),
        Measure("PSNR before, mean", float(np.mean(before)), "dB"),
        Measure("haze claimed on a clear picture", plain, data="scikit-image chelsea", at_most=0.5),
    ]
