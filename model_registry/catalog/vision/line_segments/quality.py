"""Drawn lines whose ends are known."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure

LINES = ((40, 40, 360, 70), (50, 380, 330, 390), (60, 120, 90, 330), (150, 130, 330, 190), (160, 320, 380, 220))


def measure(ask: Ask) -> list[Measure]:
    scene = np.full((420, 420, 3), 235, np.uint8)
    for x0, y0, x1, y1 in LINES:
        cv2.line(scene, (x0, y0), (x1, y1), (20, 20, 20), 7, cv2.LINE_AA)
    scene = np.clip(scene + np.random.default_rng(1).normal(0, 6, scene.shape), 0, 255).astype(np.uint8)
    found = np.array([[[p["x"], p["y"]] for p in i["points"]] for i in ask(image=scene).output["instances"]])
    # A drawn stroke has two edges, each half its width from its axis.
    errors = [min(_error(line, segment) for segment in found) for line in np.array(LINES, float).reshape(-1, 2, 2)]
    stray = sum(min(_error(line, s) for line in np.array(LINES, float).reshape(-1, 2, 2)) > 40 for s in found)
    return [Measure("lines found", 100 * float(np.mean(np.array(errors) < 12)), "%", at_least=80,
                    data="five drawn strokes in noise", method="both ends within 12 pixels"),
            Measure("error of the ends", float(np.median(errors)), "px", at_most=8, data="the same",
                    method="median; half the stroke's width is 3.5 px"),
            Measure("lines that are not there", stray, at_most=3, data="the same")]


def _error(line: np.ndarray, segment: np.ndarray) -> float:
    return float(min(np.abs(line - s).max() for s in (segment, segment[::-1])))
