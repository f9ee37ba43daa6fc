"""The darkest spot of each eye (its pupil) against the iris centre; both irises of a person are of one size."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data
from PIL import Image

from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.runner import SAMPLES


def measure(ask: Ask) -> list[Measure]:
    off, alike, mirrored = [], [], []
    for picture in (skimage.data.astronaut(), np.array(Image.open(SAMPLES / "hopper.jpg").convert("RGB"))):
        output = ask(image=picture).output
        grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), 1.5)
        for eye, name in zip(output["instances"], ("right", "left"), strict=True):
            size = output["values"][name]
            x, y = eye["points"][0]["x"], eye["points"][0]["y"]
            reach = round(size["eye_px"] * 0.3)
            part = grey[round(y) - reach // 2:round(y) + reach // 2 + 1, round(x) - reach:round(x) + reach + 1]
            dark = np.argwhere(part <= np.percentile(part, 8)).mean(0)
            off.append(float(np.hypot(dark[1] - reach, dark[0] - reach // 2)) / size["eye_px"])
        sizes = [output["values"][n]["iris_px"] for n in ("right", "left")]
        alike.append(abs(sizes[0] / sizes[1] - 1))
        flipped = ask(image=np.ascontiguousarray(picture[:, ::-1])).output["values"]
        mirrored.append(abs(output["values"]["right"]["gaze_share"] - (1 - flipped["left"]["gaze_share"])))
    return [Measure("iris centre to the pupil's dark spot", 100 * float(np.mean(off)), "% of the eye's width",
                    data="two portraits, four eyes", at_most=12),
            Measure("difference of both irises of a person", 100 * max(alike), "%", data="the same", at_most=15),
            Measure("gaze against the mirrored picture", max(mirrored), data="the same", at_most=0.08)]
