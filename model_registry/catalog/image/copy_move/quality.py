"""Regions copied within photographs, plain and turned by 20 degrees, saved as JPEG; and the same ones untouched."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import skimage.data
from PIL import Image

from model_registry.catalog_kit.quality import Ask, Measure

CASES = ((skimage.data.astronaut, (160, 60, 120, 120), (20, 330)),
         (skimage.data.coffee, (230, 120, 150, 120), (20, 250)), (skimage.data.chelsea, (160, 80, 100, 90), (330, 190)))


def forged(number: int, turn: float = 0) -> bytes:
    load, (x, y, wide, high), (left, top) = CASES[number]
    picture = load().copy()
    matrix = cv2.getRotationMatrix2D((x + wide / 2, y + high / 2), turn, 1)
    turned = cv2.warpAffine(picture, matrix, picture.shape[1::-1])
    picture[top:top + high, left:left + wide] = turned[y:y + high, x:x + wide]
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=88)
    return out.getvalue()


def samples() -> dict[str, Any]:
    return {"copied.jpg": forged(0)}


def measure(ask: Ask) -> list[Measure]:
    found, false = [], []
    for number, (load, (x, y, wide, high), (left, top)) in enumerate(CASES):
        for turn in (0, 20):
            boxes = ask(image=forged(number, turn)).output["boxes"]
            middles = [(b["x"] + b["width"] / 2, b["y"] + b["height"] / 2) for b in boxes]
            found.append(all(any(a <= mx <= a + wide and b <= my <= b + high for mx, my in middles)
                             for a, b in ((x, y), (left, top))))
        false.append(ask(image=load()).output["values"]["copies"] > 0)
    return [Measure("copies found at both places", 100 * float(np.mean(found)), "%", at_least=80,
                    data="three photographs, copied plain and turned by 20°, JPEG 88"),
            Measure("alarms on the untouched ones", 100 * float(np.mean(false)), "%", at_most=0)]
