"""Pictures spoilt in a known way: each must fail its own check, and the unspoilt ones none."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    random = np.random.default_rng(3)
    right, total, errors = 0, 0, []
    for clean in (skimage.data.astronaut(), skimage.data.coffee()):
        noisy = np.clip(clean + random.normal(0, 25, clean.shape), 0, 255).astype(np.uint8)
        flat = (110 + clean / 16).astype(np.uint8)
        cases = ((clean, None), (cv2.GaussianBlur(clean, (0, 0), 6), "sharpness"), (noisy, "noise"),
                 ((clean // 8), "brightness"), (flat, "contrast"))
        for picture, spoilt in cases:
            checks = {c["name"]: c for c in ask(image=picture).output["checks"]}
            right += all(c["passed"] for c in checks.values()) if spoilt is None else not checks[spoilt]["passed"]
            total += 1
    for sigma in (8, 16):
        grey = np.clip(128 + random.normal(0, sigma, (256, 256)), 0, 255).astype(np.uint8)
        noise = next(c for c in ask(image=grey).output["checks"] if c["name"] == "noise")["value"]
        errors.append(abs(noise / sigma - 1))
    return [Measure("spoilt and good pictures told right", 100 * right / total, "%", at_least=80,
                    data="astronaut and coffee: as they are, blurred, noisy, dark, flat"),
            Measure("error of the noise level", 100 * max(errors), "%", at_most=10,
                    data="plain grey with noise of 8 and 16 levels")]
