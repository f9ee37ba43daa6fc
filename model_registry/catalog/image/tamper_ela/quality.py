"""A patch that was never compressed is set into a JPEG; where the map glows is compared with where it is."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import skimage.data
from PIL import Image
from sklearn.metrics import roc_auc_score

from model_registry.catalog_kit.quality import Ask, Measure

PLACES = ((60, 60), (300, 180), (150, 280))


def jpeg(picture: np.ndarray, quality: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=quality)
    return out.getvalue()


def spliced(x: int, y: int) -> bytes:
    picture = np.array(Image.open(io.BytesIO(jpeg(skimage.data.coffee(), 75))))
    patch = skimage.data.astronaut()[60:160, 170:270]
    picture[y:y + 100, x:x + 100] = patch
    return jpeg(picture, 95)


def samples() -> dict[str, Any]:
    return {"spliced.jpg": spliced(*PLACES[1])}


def measure(ask: Ask) -> list[Measure]:
    scores = []
    for x, y in PLACES:
        truth = np.zeros((400, 600), bool)
        truth[y:y + 100, x:x + 100] = True
        scores.append(roc_auc_score(truth.ravel(), ask(image=spliced(x, y)).image().ravel()))
    return [Measure("AUC of the map, mean", float(np.mean(scores)), at_least=0.8,
                    data="an uncompressed patch in a JPEG 75, saved at 95, three places"),
            Measure("AUC, worst place", float(min(scores)), data="the same", at_least=0.65)]
