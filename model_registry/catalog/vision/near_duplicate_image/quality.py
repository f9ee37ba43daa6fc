"""Altered copies must be called duplicates, other photographs must not."""

from __future__ import annotations

from itertools import combinations

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    pictures = [skimage.data.astronaut(), skimage.data.coffee(), skimage.data.chelsea(), skimage.data.rocket(),
                skimage.data.camera(), skimage.data.coins()]
    random = np.random.default_rng(0)
    copies = []
    for picture in pictures:
        jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 25])[1].tobytes()
        noisy = np.clip(picture + random.normal(0, 15, picture.shape), 0, 255).astype(np.uint8)
        dark = (picture * 0.7).astype(np.uint8)
        copies += [(picture, c) for c in (cv2.resize(picture, (200, 150)), jpeg, noisy, dark)]
    same = [ask(image=a, other=b).output["verdict"] == "duplicate" for a, b in copies]
    other = [ask(image=a, other=b).output["verdict"] == "duplicate" for a, b in combinations(pictures, 2)]
    return [Measure("altered copies recognised", 100 * float(np.mean(same)), "%", at_least=95,
                    data="six photographs of scikit-image: resized, JPEG 25, noisy, darkened"),
            Measure("other pictures called copies", 100 * float(np.mean(other)), "%", at_most=0,
                    data="the fifteen pairs of them")]
