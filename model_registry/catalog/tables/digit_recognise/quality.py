"""Held-out digits as pictures: enlarged, ink dark on white and light on black; the writers' 8 × 8 data of 1998."""

from __future__ import annotations

import cv2
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    data = load_digits()
    _, images, _, truth = train_test_split(data.images / 16.0, data.target, test_size=0.3, random_state=0,
                                           stratify=data.target)
    scores = ask.nets.run("digit-mlp", {"image": images[:, None].astype(np.float32)})["scores"]
    right: dict[str, list[bool]] = {"dark on white": [], "light on black": []}
    for image, digit in zip(images[:270], truth[:270], strict=True):
        large = cv2.copyMakeBorder(cv2.resize(image, (96, 96), interpolation=cv2.INTER_CUBIC), 24, 24, 24, 24,
                                   cv2.BORDER_CONSTANT, value=0)
        ink = (255 * large.clip(0, 1)).astype(np.uint8)
        for name, picture in (("dark on white", 255 - ink), ("light on black", ink)):
            right[name].append(ask(image=picture).output["labels"][0]["label"] == str(digit))
    held = "held-out digits of 1,797, Alpaydin and Kaynak 1998"
    return [Measure("accuracy of the net", 100 * float((scores.argmax(1) == truth).mean()), "%", at_least=98,
                    data=f"540 {held}", method="the 8 × 8 tensor; stratified split, seed 0"),
            *(Measure(f"accuracy of pictures, {name}", 100 * float(np.mean(r)), "%", at_least=80,
                      data=f"270 {held}, enlarged to 144 pixels") for name, r in right.items())]
