"""A sharp photograph blurred left in one shot and right in the other."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure, psnr


def shots() -> list[np.ndarray]:
    sharp = skimage.data.coffee()[::2, ::2]
    blurred = cv2.GaussianBlur(sharp, (0, 0), 3)
    share = np.clip((np.arange(300) - 140) / 20, 0, 1)[None, :, None]
    return [(sharp * (1 - s) + blurred * s).astype(np.uint8) for s in (share, 1 - share)]


def samples() -> dict[str, Any]:
    return {"near.jpg": shots()[0], "far.jpg": shots()[1]}


def measure(ask: Ask) -> list[Measure]:
    sharp = skimage.data.coffee()[::2, ::2]
    made = ask(images=shots()).image()
    return [Measure("PSNR against the sharp picture", psnr(made, sharp), "dB", data="coffee in two shots", at_least=35),
            Measure("PSNR of the better shot", max(psnr(s, sharp) for s in shots()), "dB", data="the same"),
            Measure("PSNR of their mean", psnr(np.mean(shots(), 0), sharp), "dB", data="the same")]
