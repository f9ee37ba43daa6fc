"""Channels drawn with a known share of common spots."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def channels(common: int, alone: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    pictures = [np.full((300, 300), 12, np.uint8) for _ in range(2)]
    places = [(30 + 40 * (i % 7), 30 + 40 * (i // 7)) for i in rng.permutation(49)]
    for number, place in enumerate(places[:common + 2 * alone]):
        for channel in (0, 1) if number < common else ((number - common) % 2,):
            cv2.circle(pictures[channel], place, 9, 200, -1)
    one, two = (np.clip(p + rng.normal(0, 4, p.shape), 0, 255).astype(np.uint8) for p in pictures)
    return one, two


def samples() -> dict[str, Any]:
    one, two = channels(12, 8)
    return {"green.png": one, "red.png": two}


def measure(ask: Ask) -> list[Measure]:
    off = []
    for common, alone in ((20, 0), (12, 8), (5, 15), (0, 20)):
        one, two = channels(common, alone)
        values = ask(first=one, second=two).values
        off += [abs(values[k] - common / (common + alone)) for k in ("manders_first", "manders_second")]
        off.append(abs(values["overlap"] - common / (common + 2 * alone)))
    one, _ = channels(12, 8)
    same = ask(first=one, second=one).values["pearson"]
    return [Measure("largest error of Manders and overlap", max(off),
                    data="drawn channels with 100, 60, 25 and 0% common",
                    at_most=0.02),
            Measure("Pearson of a channel with itself", same, at_least=0.9999)]
