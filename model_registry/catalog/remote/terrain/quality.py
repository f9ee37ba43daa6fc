"""Tilted planes of known slope and aspect, and a hill that must be bright towards the sun."""

from __future__ import annotations

from typing import Any

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def hill() -> np.ndarray:
    y, x = np.mgrid[-1:1:200j, -1:1:200j]
    return (220 * np.exp(-3 * (x**2 + y**2))).round().astype(np.uint8)


def samples() -> dict[str, Any]:
    return {"hill.png": hill()}


def plane(aspect: str, step: int) -> np.ndarray:
    """Falls towards the side named by `step` greys a pixel."""
    ramp = np.arange(60, dtype=np.int64) * step
    rows, columns = np.meshgrid(ramp, ramp, indexing="ij")
    height = {"north": rows, "south": rows[::-1], "west": columns, "east": columns[:, ::-1]}[aspect]
    return height.astype(np.uint8)


def measure(ask: Ask) -> list[Measure]:
    off, turned = [], []
    for aspect, wanted in (("north", 0), ("east", 90), ("south", 180), ("west", 270)):
        for step in (1, 3):
            values = ask(image=plane(aspect, step), parameters={"metres_per_pixel": 5}).values
            off.append(abs(values["mean_slope"] - np.degrees(np.arctan(step / 5))))
            turned.append(abs((values["main_aspect"] - wanted + 180) % 360 - 180))
    shade = ask(image=hill()).image().astype(float)
    lit, dark = shade[50:90, 50:90].mean(), shade[110:150, 110:150].mean()
    return [Measure("largest error of the slope", max(off), "°", data="eight tilted planes", at_most=0.05),
            Measure("largest error of the aspect", max(turned), "°", data="the same", at_most=0.05),
            Measure("light side over dark side", lit / dark, data="a round hill, sun in the north-west", at_least=1.3)]
