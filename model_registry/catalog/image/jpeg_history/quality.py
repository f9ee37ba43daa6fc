"""Photographs saved once and twice at known qualities."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import skimage.data
from PIL import Image

from model_registry.catalog_kit.quality import Ask, Measure

PICTURES = (skimage.data.astronaut, skimage.data.coffee, skimage.data.chelsea, skimage.data.rocket)


def saved(picture: np.ndarray, *qualities: int, subsampling: int = 2) -> bytes:
    out = io.BytesIO()
    for quality in qualities:
        out = io.BytesIO()
        Image.fromarray(picture).save(out, "JPEG", quality=quality, subsampling=subsampling)
        picture = np.array(Image.open(out))
    return out.getvalue()


def samples() -> dict[str, Any]:
    return {"twice.jpg": saved(skimage.data.astronaut()[:256, :256], 60, 90)}


def measure(ask: Ask) -> list[Measure]:
    off, once, twice = [], [], []
    for load in PICTURES:
        for quality in (70, 80, 92):
            output = ask(file=saved(load(), quality)).output
            off.append(abs(output["checks"][0]["value"] - quality))
            once.append(output["verdict"] == "no sign of a second saving")
        for first, second in ((50, 85), (60, 90), (70, 92)):
            twice.append(ask(file=saved(load(), first, second)).output["verdict"] == "saved more than once")
    full = ask(file=saved(PICTURES[0](), 90, subsampling=0)).output["checks"][1]["value"]
    assert full == "4:4:4", full
    return [Measure("largest error of the quality", max(off), data="four photographs at 70, 80, 92", at_most=0),
            Measure("single savings told right", 100 * float(np.mean(once)), "%", data="the same", at_least=90),
            Measure("double savings found", 100 * float(np.mean(twice)), "%", at_least=80,
                    data="the same, first 50, 60, 70, then 85, 90, 92")]
