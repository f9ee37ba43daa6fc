"""Drawn pages with lines at known places, and photographs without text."""

from __future__ import annotations

from typing import Any

import skimage.data

from model_registry.catalog_kit import Box, iou
from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import text_page

LINES = [(40, 40, "Delivery note 4471"), (40, 120, "Sender: Northwind Tools"), (420, 120, "Weight 12.5 kg"),
         (40, 240, "Handle with care"), (300, 330, "THIS SIDE UP")]


def samples() -> dict[str, Any]:
    return {"label.png": text_page(LINES, (760, 420), 28)}


def truth() -> list[Box]:
    """Boxes of the ink of each line, drawn alone."""
    found = []
    for line in LINES:
        ink = (text_page([line], (760, 420), 28)[..., 0] < 128).nonzero()
        found.append(Box(ink[1].min(), ink[0].min(), float(ink[1].max() - ink[1].min()),
                         float(ink[0].max() - ink[0].min())))
    return found


def measure(ask: Ask) -> list[Measure]:
    boxes = [Box(b["x"], b["y"], b["width"], b["height"]) for b in ask(image=text_page(LINES, (760, 420),
                                                                                       28)).output["boxes"]]
    hit = [max((iou(t, b) for b in boxes), default=0) for t in truth()]
    empty = sum(len(ask(image=p()).output["boxes"]) for p in (skimage.data.coffee, skimage.data.chelsea))
    return [Measure("lines found (IoU > 0.5)", 100 * sum(h > 0.5 for h in hit) / len(hit), "%", data="five drawn lines",
                    at_least=100),
            Measure("boxes found beyond them", len(boxes) - len(hit), data="the same", at_most=0),
            Measure("boxes in photographs without text", empty, data="coffee, chelsea", at_most=3)]
