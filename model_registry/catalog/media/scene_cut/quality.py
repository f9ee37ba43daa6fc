"""Clips cut together of moving crops of four photographs, with noise and a flash."""

from __future__ import annotations

from typing import Any

import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure


def clip(seed: int) -> tuple[list[np.ndarray], set[int]]:
    rng, frames, cuts = np.random.default_rng(seed), [], set()
    sources = [skimage.data.astronaut(), skimage.data.coffee(), skimage.data.chelsea(), skimage.data.rocket()]
    for number in rng.permutation(4):
        if frames:
            cuts.add(len(frames))
        for t in range(int(rng.integers(5, 12))):
            part = sources[number][20 + 2 * t:220 + 2 * t, 10 + 5 * t:290 + 5 * t]
            frames.append(np.clip(part + rng.normal(0, 4, part.shape), 0, 255).astype(np.uint8))
    return frames, cuts


def samples() -> dict[str, Any]:
    frames, cuts = clip(0)
    first = min(cuts)
    return {f"frame-{i}.jpg": f[::2, ::2] for i, f in enumerate(frames[first - 3:first + 3])}


def measure(ask: Ask) -> list[Measure]:
    right = wrong = missed = 0
    for seed in range(6):
        frames, cuts = clip(seed)
        found = {row["first_frame"] for row in ask(frames=frames).output["rows"]} - {0}
        right, wrong, missed = right + len(found & cuts), wrong + len(found - cuts), missed + len(cuts - found)
    return [Measure("cuts found", 100 * right / (right + missed), "%", data="6 clips of 4 moving shots, noise 4",
                    at_least=94),
            Measure("false cuts", wrong, data="the same", at_most=1)]
