"""Pages of text turned by quarters."""

from __future__ import annotations

import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import text_page

LINES = [(20, 20 + 40 * i, text) for i, text in enumerate(("Delivery note 4471 of 12 March",
                                                           "Sender: Northwind Tools Ltd",
                                                           "Weight 12.5 kg, two parcels", "Please sign and return"))]


def measure(ask: Ask) -> list[Measure]:
    right, total = 0, 0
    for page, quarters in ((text_page(LINES, (420, 200), 20), (0, 1, 2, 3)), (skimage.data.page()[:120], (1, 2))):
        for quarter in quarters:
            turned = np.ascontiguousarray(np.rot90(page, quarter))
            right += (ask(image=turned).values["turned_by"] + 90 * quarter) % 360 == 0
            total += 1
    return [Measure("pages turned right", 100 * right / total, "%",
                    data="a drawn page four ways, and the top of the scikit-image page two ways",
                    at_least=87)]
