"""Displays drawn with known numbers, bright on dark and dark on light, under noise and blur."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure

LIT = {"0": "1110111", "1": "0010010", "2": "1011101", "3": "1011011", "4": "0111010", "5": "1101011", "6": "1101111",
       "7": "1010010", "8": "1111111", "9": "1111011"}
SEGMENTS = (((5, 3), (35, 3)), ((3, 5), (3, 35)), ((37, 5), (37, 35)), ((5, 38), (35, 38)), ((3, 41), (3, 71)),
            ((37, 41), (37, 71)), ((5, 73), (35, 73)))
NUMBERS = ("1234567890", "42.7", "803.15", "-6.9", "1117", "0.05", "88.8", "930")


def display(text: str, dark: bool, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    wide = sum(24 if c == "." else 58 for c in text) + 60
    picture = np.full((140, wide), 30, np.uint8)
    x = 32
    for character in text:
        if character == ".":
            cv2.circle(picture, (x + 2, 103), 5, 220, -1)
            x += 24
            continue
        for segment, on in zip(SEGMENTS, "0001000" if character == "-" else LIT[character], strict=True):
            if on == "1":
                (x1, y1), (x2, y2) = segment
                cv2.line(picture, (x + x1, 30 + y1), (x + x2, 30 + y2), 220, 6)
        x += 58
    picture = 250 - picture if dark else picture
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 1) + rng.normal(0, 8, picture.shape), 0, 255).astype(np.uint8)


def samples() -> dict[str, Any]:
    return {"display.png": display("803.15", False)}


def measure(ask: Ask) -> list[Measure]:
    right = digits = total = 0
    for seed, text in enumerate(NUMBERS):
        for dark in (False, True):
            found = ask(image=display(text, dark, seed)).values["text"]
            right += found == text
            digits += sum(a == b for a, b in zip(found, text, strict=False))
            total += len(text)
    return [Measure("displays read exactly", 100 * right / (2 * len(NUMBERS)), "%", at_least=85,
                    data="eight drawn numbers, bright and dark, noise 8"),
            Measure("characters right", 100 * digits / total, "%", data="the same", at_least=90)]
