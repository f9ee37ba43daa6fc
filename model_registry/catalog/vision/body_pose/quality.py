"""Nose and eyes against the face detector, another net; mirrored and turned pictures; pictures without people."""

from __future__ import annotations

import numpy as np
import skimage.data
from PIL import Image

from model_registry.catalog_kit.people import find_faces
from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.runner import SAMPLES
from model_registry.catalog_kit.scenes import turned

UPPER = ["nose", "left_eye", "right_eye", "left_shoulder", "right_shoulder"]


def points(ask: Ask, picture: np.ndarray) -> dict[str, np.ndarray]:
    body = ask(image=picture).output["instances"][0]
    return {p["name"]: np.array([p["x"], p["y"]]) for p in body["points"]}


def measure(ask: Ask) -> list[Measure]:
    face_off, turn_off, mirror_off = [], [], []
    for picture in (skimage.data.astronaut(), np.array(Image.open(SAMPLES / "hopper.jpg").convert("RGB"))):
        high, wide = picture.shape[:2]
        found = points(ask, picture)
        span = np.hypot(*(found["left_shoulder"] - found["right_shoulder"]))
        (face,) = find_faces(ask.nets, picture)
        pairs = zip((found["right_eye"], found["left_eye"], found["nose"]), face.points, strict=False)
        face_off += [float(np.hypot(*(a - b)) / span) for a, b in pairs]
        again = points(ask, turned(picture, 12))
        turn = np.deg2rad(-12)
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        middle = np.array([wide / 2, high / 2])
        turn_off += [float(np.hypot(*(again[n] - (matrix @ (found[n] - middle) + middle))) / span) for n in UPPER]
        flipped = points(ask, np.ascontiguousarray(picture[:, ::-1]))
        for side, other in (("left", "right"), ("right", "left")):
            expected = np.array([wide - 1, 0]) + found[f"{other}_shoulder"] * (-1, 1)
            mirror_off.append(float(np.hypot(*(flipped[f"{side}_shoulder"] - expected)) / span))
    others = (skimage.data.coffee, skimage.data.coins, skimage.data.rocket)
    empty = sum(len(ask(image=load()).output["instances"]) for load in others)
    return [Measure("eyes and nose to another net's", 100 * float(np.mean(face_off)), "% of the shoulders", at_most=8,
                    data="two portraits", method="against BlazeFace key points"),
            Measure("upper points when turned by 12°", 100 * float(np.mean(turn_off)), "% of the shoulders", at_most=8),
            Measure("shoulders in the mirrored picture", 100 * float(np.mean(mirror_off)), "% of the shoulders",
                    data="the same", at_most=8),
            Measure("bodies found where there are none", empty, data="coffee, coins, rocket", at_most=0)]
