"""Turning the picture must turn shoulders and trunk by as much, and leave joints as they are."""

from __future__ import annotations

import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import turned


def measure(ask: Ask) -> list[Measure]:
    picture = skimage.data.astronaut()
    start = ask(image=picture).values
    tilt, joints = [], []
    for angle in (-15, -8, 8, 15):
        values = ask(image=turned(picture, angle)).values
        tilt.append(abs(values["shoulder_tilt"] - start["shoulder_tilt"] + angle))
        joints += [abs(values[j] - start[j]) for j in ("left_shoulder", "right_shoulder")
                   if values[j] is not None and start[j] is not None]
    return [Measure("error of shoulder tilt, largest", max(tilt), "°", at_most=8,
                    data="astronaut turned by ±8° and ±15°"),
            Measure("change of shoulder joints, mean", float(np.mean(joints)), "°", data="the same", at_most=8)]
