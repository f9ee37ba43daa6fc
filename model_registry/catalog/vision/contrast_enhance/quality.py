"""A picture pressed into a quarter of its range: how much of its local contrast comes back."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure


def local_contrast(picture: np.ndarray) -> float:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean = cv2.blur(grey, (33, 33))
    return float(np.sqrt(np.maximum(cv2.blur(grey**2, (33, 33)) - mean**2, 0)).mean())


def measure(ask: Ask) -> list[Measure]:
    clear = skimage.data.astronaut()
    flat = (96 + clear.astype(np.float32) / 4).astype(np.uint8)
    shown = ask(image=flat, parameters={"strength": 4}).image()
    before, after, truth = (local_contrast(p) for p in (flat, shown, clear))
    hue_before, hue_after = (cv2.cvtColor(p, cv2.COLOR_RGB2LAB)[..., 1:].astype(int) for p in (flat, shown))
    return [Measure("local contrast regained", 100 * (after - before) / (truth - before), "%",
                    data="astronaut pressed into a quarter of its range", at_least=20,
                    method="standard deviation in windows of 33 pixels, against the original"),
            Measure("shift of colour", float(np.abs(hue_before - hue_after).mean()), "Lab units", data="the same",
                    method="mean change of a and b", at_most=3)]
