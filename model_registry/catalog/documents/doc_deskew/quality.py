"""Pages of text turned by known angles.

The page of scikit-image leans by itself (its rows, as PP-OCR reads them, fall to the right): only the difference that a
turn makes is known of it. A drawn page stands exactly upright.
"""

from __future__ import annotations

import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import text_page, turned

ANGLES = (-7.3, -4.3, -1.6, -0.4, 0.4, 1.6, 4.3, 7.3)


def measure(ask: Ask) -> list[Measure]:
    drawn = text_page(
        [(30, 30 + 34 * i, f"Position {i + 1}: two parcels of 12.5 kg") for i in range(9)], (560, 360), 22
    )
    page = np.stack([skimage.data.page()] * 3, -1)
    straight = ask(image=page).values["angle"]
    exact = [abs(ask(image=turned(drawn, a, (255, 255, 255))).values["angle"] + a) for a in ANGLES]
    relative = [abs(ask(image=turned(page, a, (200, 200, 200))).values["angle"] + a - straight) for a in ANGLES]
    return [
        Measure(
            "error of the angle, drawn page",
            max(exact),
            "° at most",
            at_most=0.1,
            data="a drawn page of nine rows, eight turns up to 7.3°",
        ),
        Measure(
            "error of the angle, scanned page",
            max(relative),
            "° at most",
            at_most=0.15,
            data="scikit-image page of seven rows, the same turns, against its answer as it is",
        ),
    ]
