"""Four photographs, each with three changed copies, mixed: are exactly four groups found?"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure


def copies(picture: np.ndarray) -> list[np.ndarray]:
    small = cv2.resize(picture, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    bright = np.clip(picture * 1.15 + 12, 0, 255).astype(np.uint8)
    packed = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 25])[1], cv2.IMREAD_COLOR)
    return [picture, small, bright, packed]


def mixed() -> tuple[list[np.ndarray], list[int]]:
    pictures = [skimage.data.astronaut(), skimage.data.coffee(), skimage.data.chelsea(), skimage.data.rocket()]
    everything = [(c, number) for number, p in enumerate(pictures) for c in copies(p)]
    order = np.random.default_rng(1).permutation(len(everything))
    return [everything[i][0] for i in order], [everything[i][1] for i in order]


def samples() -> dict[str, Any]:
    cup = skimage.data.coffee()[::2, ::2]
    return {"cup.jpg": cup, "cup-small.jpg": copies(cup)[1], "cup-bright.jpg": copies(cup)[2]}


def measure(ask: Ask) -> list[Measure]:
    images, truth = mixed()
    output = ask(images=images).output
    group = [row["group"] for row in output["rows"]]
    pairs = [(group[a] == group[b], truth[a] == truth[b]) for a in range(16) for b in range(a)]
    right = np.mean([found == real for found, real in pairs])
    return [Measure("pairs told right", 100 * float(right), "%", at_least=98,
                    data="four photographs, each also at 40%, brighter, and as JPEG 25"),
            Measure("groups found for 4", output["summary"]["groups"], data="the same", at_least=4, at_most=4)]
