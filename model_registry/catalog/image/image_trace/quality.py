"""A drawing of known areas: the polygons of the SVG are filled again and compared with it."""

from __future__ import annotations

import re
from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def drawing() -> np.ndarray:
    picture = np.full((240, 320, 3), 245, np.uint8)
    cv2.circle(picture, (100, 120), 70, (200, 40, 50), -1)
    cv2.circle(picture, (100, 120), 30, (245, 245, 245), -1)
    cv2.fillPoly(picture, [np.array([[200, 200], [290, 200], [245, 50]])], (30, 60, 170))
    return picture


def samples() -> dict[str, Any]:
    return {"logo.png": drawing()}


def filled(svg: str, shape: tuple[int, int]) -> np.ndarray:
    """The areas of the SVG's paths, filled by OpenCV with the even-odd rule."""
    picture = np.full((*shape, 3), tuple(bytes.fromhex(re.search(r'rect[^>]*fill="#(\w+)"', svg)[1])), np.uint8)
    for colour, path in re.findall(r'<path fill="#(\w+)"[^>]*d="([^"]+)"', svg):
        rings = [np.array([p.split() for p in ring.split("L")], int) for ring in re.findall(r"M([^Z]+)Z", path)]
        cv2.fillPoly(picture, rings, tuple(bytes.fromhex(colour)))
    return picture


def measure(ask: Ask) -> list[Measure]:
    output = ask(image=drawing(), parameters={"colours": 3}).output
    again = filled(output["svg"], (240, 320)).astype(int)
    wrong = (np.abs(again - drawing()).max(2) > 40).mean()
    return [Measure("pixels of another colour when drawn again", 100 * float(wrong), "%", at_most=1.5,
                    data="a ring and a triangle in three colours"),
            Measure("points of the outlines", output["values"]["points"], data="the same", at_most=150)]
