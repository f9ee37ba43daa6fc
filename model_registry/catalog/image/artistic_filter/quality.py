"""A look must simplify the picture and yet keep its forms: fewer colours, the same large structure."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure

STYLES = ("cartoon", "pencil", "colour-pencil", "oil", "watercolour")


def steepness(picture: np.ndarray) -> np.ndarray:
    grey = np.ascontiguousarray(picture).mean(2).astype(np.float32)
    return cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    soft = [cv2.GaussianBlur(p.astype(np.float32), (0, 0), 4).ravel() for p in (one, other)]
    return float(np.corrcoef(*soft)[0, 1])


def measure(ask: Ask) -> list[Measure]:
    picture = skimage.data.astronaut()
    before = len(np.unique(picture.reshape(-1, 3), axis=0))
    colours, paint, drawn = {}, [], []
    for style in STYLES:
        made = ask(image=picture, parameters={"style": style}).image()
        assert made.shape[:2] == picture.shape[:2]
        made = made if made.ndim == 3 else np.stack([made] * 3, -1)
        colours[style] = len(np.unique(made.reshape(-1, 3), axis=0))
        if "pencil" in style:  # a sketch is dark where the picture changes
            drawn.append(likeness(steepness(picture), 255 - made.mean(2)))
        else:
            paint.append(likeness(steepness(picture), steepness(made)))
    return [
        Measure("correlation of edges, lowest of the painted looks", min(paint), at_least=0.6,
                data="scikit-image astronaut", method="blurred gradients against the original's"),
        Measure("correlation of pencil strokes with edges, lowest", min(drawn), at_least=0.25, data="the same"),
        Measure("colours left by cartoon", 100 * colours["cartoon"] / before, "%", at_most=10),
    ]
