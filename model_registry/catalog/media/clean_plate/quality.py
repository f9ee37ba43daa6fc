"""A photograph with people painted at changing places and a shaking camera."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure, psnr


def empty() -> np.ndarray:
    return cv2.resize(skimage.data.rocket(), (426, 320), interpolation=cv2.INTER_AREA)


def shots() -> list[np.ndarray]:
    rng, found = np.random.default_rng(4), []
    for number in range(7):
        picture = empty().copy()
        for k in range(4):
            x, y = 20 + (number * 97 + k * 101) % 380, 180 + (k * 37 + number * 13) % 90
            cv2.ellipse(picture, (x, y), (12, 30), 0, 0, 360, tuple(int(v) for v in rng.integers(0, 255, 3)), -1)
        x, y = (0, 0) if number == 0 else rng.integers(-4, 5, 2)
        picture = cv2.warpAffine(picture, np.float32([[1, 0, x], [0, 1, y]]), (426, 320),
                                 borderMode=cv2.BORDER_REPLICATE)
        found.append(np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8))
    return found


def samples() -> dict[str, Any]:
    return {f"shot-{i}.jpg": shot for i, shot in enumerate(shots()[:5])}


def measure(ask: Ask) -> list[Measure]:
    inner = (slice(8, -8), slice(8, -8))
    made = ask(images=shots()).image()[inner]
    still = ask(images=shots(), parameters={"align": False}).image()[inner]
    return [Measure("PSNR to the empty place", psnr(made, empty()[inner]), "dB", at_least=29,
                    data="7 shots with 4 painted people each, camera shaking by 4 px, noise 3"),
            Measure("without alignment", psnr(still, empty()[inner]), "dB", data="the same"),
            Measure("best single shot", max(psnr(s[inner], empty()[inner]) for s in shots()), "dB", data="the same")]
