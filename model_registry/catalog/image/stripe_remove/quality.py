"""Stripes and a grid of known strength laid over photographs."""

from __future__ import annotations

from typing import Any

import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure, psnr


def striped(picture: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[:picture.shape[0], :picture.shape[1]]
    pattern = 14 * np.sin(2 * np.pi * (0.13 * x + 0.05 * y)) + 9 * np.sin(2 * np.pi * 0.21 * y)
    return np.clip(picture + pattern[..., None], 0, 255).astype(np.uint8)


def pictures() -> list[np.ndarray]:
    return [skimage.data.astronaut()[:320, :320], skimage.data.coffee()[:320, :400], skimage.data.chelsea()[:300, :440]]


def samples() -> dict[str, Any]:
    return {"striped.jpg": striped(pictures()[1])}


def measure(ask: Ask) -> list[Measure]:
    gain = [psnr(ask(image=striped(p)).image(), p) - psnr(striped(p), p) for p in pictures()]
    kept = [psnr(ask(image=p).image(), p) for p in pictures()]
    return [Measure("PSNR gained, mean", float(np.mean(gain)), "dB", at_least=5,
                    data="two patterns of strength 14 and 9 on three photographs"),
            Measure("PSNR gained, least", min(gain), "dB", data="the same", at_least=3),
            Measure("harm to pictures without a pattern (PSNR), worst", min(kept), "dB", at_least=30)]
