"""Markers laid into a picture by known perspectives: numbers and corners."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure

NAMES = {"4x4": cv2.aruco.DICT_4X4_250, "apriltag-36h11": cv2.aruco.DICT_APRILTAG_36h11}
PLACES = {7: ((60, 50), (160, 70), (150, 170), (50, 150)), 23: ((260, 60), (350, 40), (370, 140), (270, 150)),
          101: ((120, 230), (220, 220), (240, 330), (110, 320)), 42: ((320, 230), (400, 250), (380, 330), (300, 310))}


def scene(family: str) -> np.ndarray:
    picture = np.stack([skimage.data.brick()[:380, :460]] * 3, -1)
    for number, corners in PLACES.items():
        marker = cv2.aruco.generateImageMarker(cv2.aruco.getPredefinedDictionary(NAMES[family]), number, 120)
        framed = cv2.copyMakeBorder(marker, 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=255)
        source = np.float32([[19.5, 19.5], [139.5, 19.5], [139.5, 139.5], [19.5, 139.5]])
        matrix = cv2.getPerspectiveTransform(source, np.float32(corners))
        mask = cv2.warpPerspective(np.full(framed.shape, 255, np.uint8), matrix, (460, 380))
        laid = cv2.warpPerspective(framed, matrix, (460, 380), flags=cv2.INTER_AREA)
        picture = np.where(mask[..., None] > 0, laid[..., None], picture)
    noise = np.random.default_rng(0).normal(0, 8, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def samples() -> dict[str, Any]:
    return {"markers.jpg": scene("4x4")}


def measure(ask: Ask) -> list[Measure]:
    right, errors, wrong = 0, [], 0
    for family in NAMES:
        codes = {int(c["text"]): np.array(c["polygon"]) for c in
                 ask(image=scene(family), parameters={"family": family}).output["codes"]}
        right += len(set(codes) & set(PLACES))
        wrong += len(set(codes) - set(PLACES))
        errors += [float(np.hypot(*(codes[n] - PLACES[n]).T).max()) for n in codes if n in PLACES]
    return [Measure("markers read", 100 * right / 8, "%", data="8 slanted markers of two families, noise 8",
                    at_least=100),
            Measure("wrong numbers", wrong, data="the same", at_most=0),
            Measure("error of corners, mean", float(np.mean(errors)), "px", data="the same", at_most=1.5)]
