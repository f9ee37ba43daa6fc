"""Drawn hands whose fingertips we know, upright, turned and mirrored; photographs without hands."""

from __future__ import annotations

from typing import Any

import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import drawn_hand, turned

TIPS = [4, 8, 12, 16, 20]


HANDS = ((1, 1, 0, 0, 0), (1, 0, 0, 0, 0), (1, 1, 1, 0, 0), (1, 1, 1, 1, 1))
LOW = {"threshold": 0.3}


def samples() -> dict[str, Any]:
    return {"hand.jpg": drawn_hand(HANDS[0])[0]}


def measure(ask: Ask) -> list[Measure]:
    off, found, sides, mirrored = [], [], [], []
    for raised in HANDS:
        picture, tips = drawn_hand(raised)
        shown = [i for i, up in enumerate(raised) if up]
        for angle in (0, -15, 15, 25):
            turn = np.deg2rad(-angle)
            matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
            truth = (tips[shown] - 240) @ matrix.T + 240
            hands = ask(image=turned(picture, angle, (70, 90, 110)), parameters=LOW).output["instances"]
            found.append(len(hands) == 1)
            if hands:
                points = [hands[0]["points"][TIPS[i]] for i in shown]
                off += list(np.hypot(*(np.array([[p["x"], p["y"]] for p in points]) - truth).T))
                sides.append(hands[0]["label"])
        for hand in ask(image=np.ascontiguousarray(picture[:, ::-1]), parameters=LOW).output["instances"]:
            mirrored.append(hand["label"])
    others = (skimage.data.coffee, skimage.data.chelsea, skimage.data.coins)
    empty = [len(ask(image=load()).output["instances"]) for load in others]
    right = sides.count("right") + mirrored.count("left")
    data = "4 drawn hands at 0°, ±15° and 25°"
    return [Measure("median distance to the drawn fingertips", float(np.median(off)), "px of 480", data=data,
                    at_most=10),
            Measure("drawn hands found", 100 * float(np.mean(found)), "%", data=data, at_least=75),
            Measure("hands told right", 100 * right / (len(sides) + len(mirrored)), "%",
                    data="the same and their mirror images", at_least=95),
            Measure("hands found where there are none", sum(empty), data="three photographs", at_most=0)]
