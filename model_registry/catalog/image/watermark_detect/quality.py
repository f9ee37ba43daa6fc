"""Marked and unmarked pictures, and the wrong key."""

from __future__ import annotations

from typing import Any

import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure

PICTURES = (skimage.data.astronaut, skimage.data.coffee, skimage.data.chelsea, skimage.data.rocket)
TEXTS = ("Tessera 42", "x", "©华夏", "lot 7781-A")


def writer(ask_folder: Any) -> Ask:
    return Ask(ask_folder.parent / "watermark_embed")


def samples() -> dict[str, Any]:
    from model_registry.catalog_kit.runner import find_folder

    return {"marked.png": Ask(find_folder("watermark-embed"))(image=skimage.data.astronaut()[:192, 100:292],
                                                              text="Tessera 42").image()}


def measure(ask: Ask) -> list[Measure]:
    write, right, false, strangers = writer(ask.folder), [], [], []
    for load, text in zip(PICTURES, TEXTS, strict=True):
        marked = write(image=load(), text=text).image()
        right.append(ask(image=marked).output["text"] == text)
        strangers.append(ask(image=marked, parameters={"key": 2}).output["text"] is not None)
        false.append(ask(image=load()).output["text"] is not None)
    return [Measure("marks read exactly", 100 * float(np.mean(right)), "%", data="four photographs, four texts",
                    at_least=100),
            Measure("marks claimed in unmarked pictures", sum(false), data="the same", at_most=0),
            Measure("marks read with another key", sum(strangers), data="the same", at_most=0)]
