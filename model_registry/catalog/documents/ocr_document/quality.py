"""Pages whose words are known: drawn, noisy, and the book page of scikit-image."""

from __future__ import annotations

import numpy as np
import skimage.data
from rapidfuzz.distance import Levenshtein

from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import text_page

ROWS = ("Delivery note 4471 of 12 March 2026", "Sender: Northwind Tools Ltd, Leeds", "Two parcels, 12.5 kg, fragile",
        "Please sign and return this copy")
PAGE = ("Region-based segmentation", "Let us first determine markers of the coins and the",
        "background. These markers are pixels that we can label", "unambiguously as either object or background. Here,",
        "the markers are found at the two extreme parts of the", "histogram of grey values:")


def error(found: str, truth: str) -> float:
    """Character error rate without spaces, which the reader sets by eye."""
    a, b = ("".join(text.split()) for text in (found, truth))
    return Levenshtein.distance(a, b) / len(b)


def measure(ask: Ask) -> list[Measure]:
    page = text_page([(30, 24 + 44 * i, row) for i, row in enumerate(ROWS)], (560, 210), 26)
    noisy = np.clip(page * 0.8 + 20 + np.random.default_rng(0).normal(0, 18, page.shape), 0, 255).astype(np.uint8)
    clean, worn = (error(ask(image=p).output["text"], " ".join(ROWS)) for p in (page, noisy))
    book = ask(image=skimage.data.page()).output["lines"]
    read = [min(error(line["text"], truth) for line in book) for truth in PAGE]
    return [Measure("character error rate, drawn page", 100 * clean, "%", data="four English rows", at_most=2),
            Measure("character error rate, noisy page", 100 * worn, "%", data="the same, greyer and noisy", at_most=6),
            Measure("rows without a wrong character", sum(e == 0 for e in read), f"of {len(PAGE)}", at_least=4,
                    data="scikit-image page, 384 × 191 pixels")]
