"""Bars of known widths, also between pixels and slanted, blurred and noisy."""

from __future__ import annotations

from typing import Any

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def bar(width: float, turn: float = 0, seed: int = 0) -> np.ndarray:
    """A dark bar through the middle, `width` across, with edges exact to a hundredth of a pixel."""
    y, x = np.mgrid[:200, :300].astype(float)
    off = (x - 149.5) * np.cos(np.deg2rad(turn)) + (y - 99.5) * np.sin(np.deg2rad(turn))
    inside = 1 / (1 + np.exp(-(width / 2 - np.abs(off)) / 0.6))
    noisy = 200 - 150 * inside + np.random.default_rng(seed).normal(0, 4, x.shape)
    return np.clip(noisy.round(), 0, 255).astype(np.uint8)


def samples() -> dict[str, Any]:
    return {"bar.png": bar(81.37)}


def measure(ask: Ask) -> list[Measure]:
    errors = [abs(ask(image=bar(w, 0, i)).values["distance_px"] - w) for i, w in
              enumerate((20.0, 33.3, 81.37, 120.5, 200.25))]
    slanted = [abs(ask(image=bar(60.0, turn)).values["distance_px"] - 60 / np.cos(np.deg2rad(turn))) for turn in (-8,
                                                                                                                  5,
                                                                                                                  12)]
    return [Measure("largest error", max(errors), "px", data="five bars, soft edges, noise 4", at_most=0.1),
            Measure("largest error, slanted bars", max(slanted), "px", data="60 px at -8°, 5° and 12°", at_most=0.3)]
