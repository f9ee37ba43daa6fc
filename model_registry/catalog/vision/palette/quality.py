"""Fields of known colours and shares."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure

COLOURS = ((200, 30, 40), (30, 120, 60), (40, 60, 190), (235, 225, 200))
SHARES = (0.4, 0.3, 0.2, 0.1)


def measure(ask: Ask) -> list[Measure]:
    rows = np.repeat(np.arange(4), [int(s * 400) for s in SHARES])
    picture = np.repeat(np.array(COLOURS)[rows][:, None], 300, axis=1)
    picture = np.clip(picture + np.random.default_rng(2).normal(0, 8, picture.shape), 0, 255).astype(np.uint8)
    found = ask(image=picture, parameters={"colours": 4}).output["values"]
    colours = [tuple(int(v["name"][i : i + 2], 16) for i in (1, 3, 5)) for v in found]
    off = [max(abs(a - b) for a, b in zip(c, t, strict=True)) for c, t in zip(colours, COLOURS, strict=True)]
    shares = [abs(v["value"] - s) for v, s in zip(found, SHARES, strict=True)]
    return [Measure("error of a colour", max(off), "grey levels at most", data="four fields in noise, by their order",
                    at_most=6),
            Measure("error of a share", 100 * max(shares), "percentage points", data="the same", at_most=2)]
