"""The astronaut before a new colour: what must stay, and what must go, at places known from the picture."""

from __future__ import annotations

import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure

INSIDE = ((125, 225), (330, 200), (430, 150), (300, 330))  # row, column: face, chest, arm, sleeve
OUTSIDE = ((40, 420), (20, 120), (100, 470), (60, 60))  # rocket, flag and wall


def measure(ask: Ask) -> list[Measure]:
    picture = skimage.data.astronaut()
    shown = ask(image=picture, parameters={"colour": "#00ff00"}).image().astype(int)
    kept = max(int(np.abs(shown[y, x] - picture[y, x].astype(int)).max()) for y, x in INSIDE)
    left = max(int(np.abs(shown[y, x] - (0, 255, 0)).max()) for y, x in OUTSIDE)
    return [Measure("change inside the person", kept, "grey levels at most", data="scikit-image astronaut, four places",
                    method="pixels of known belonging", at_most=6),
            Measure("old background left", left, "grey levels at most", data="the same, four places behind",
                    method="pixels of known belonging", at_most=25)]
