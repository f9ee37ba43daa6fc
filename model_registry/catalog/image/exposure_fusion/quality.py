"""One photograph exposed three ways: the fusion must show again what each shot lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure


def shots() -> list[np.ndarray]:
    light = (skimage.data.coffee()[::2, ::2] / 255.0) ** 2.2
    return [(np.clip(light * gain, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8) for gain in (0.25, 1.0, 5.0)]


def samples() -> dict[str, Any]:
    return {f"shot-{i}.jpg": shot for i, shot in enumerate(shots())}


def measure(ask: Ask) -> list[Measure]:
    answer = ask(images=shots())
    grey = skimage.data.coffee()[::2, ::2].mean(2).ravel()
    kept = float(np.corrcoef(grey, answer.image().mean(2).ravel())[0, 1])
    single = max(float(np.corrcoef(grey, s.mean(2).ravel())[0, 1]) for s in (shots()[0], shots()[2]))
    return [
        Measure("clipped pixels after fusion", 100 * answer.values["clipped_share"], "%", at_most=15,
                data="scikit-image coffee at -2, 0 and +2.3 stops"),
        Measure("clipped pixels in the worst shot", 100 * max(answer.values["clipped_share_of_shots"]), "%"),
        Measure("correlation with the scene", kept, at_least=0.95, data="the same"),
        Measure("correlation of the better off shot", single, data="the same"),
    ]
