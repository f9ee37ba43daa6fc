"""Photographs darkened by known amounts, with sensor noise: how much nearer to the bright one."""

from __future__ import annotations

from typing import Any

import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure, psnr


def dark(picture: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 1.5, picture.shape)
    return np.clip((picture / 255.0) ** 1.4 * 0.28 * 255 + noise, 0, 255).astype(np.uint8)


def pictures() -> list[np.ndarray]:
    return [skimage.data.astronaut()[::2, ::2], skimage.data.coffee()[::2, ::2], skimage.data.chelsea()]


def samples() -> dict[str, Any]:
    return {"dark.png": dark(pictures()[0])}


def measure(ask: Ask) -> list[Measure]:
    after = [psnr(ask(image=dark(p)).image(), p) for p in pictures()]
    before = [psnr(dark(p), p) for p in pictures()]
    kept = psnr(ask(image=skimage.data.coffee()).image(), skimage.data.coffee())
    return [Measure("PSNR gained, mean", float(np.mean(np.subtract(after, before))), "dB", at_least=3,
                    data="three photographs of scikit-image at 28% light, gamma 1.4, noise 1.5"),
            Measure("PSNR after, mean", float(np.mean(after)), "dB"),
            Measure("change of a well lit picture (PSNR)", kept, "dB", data="scikit-image coffee", at_least=12)]
