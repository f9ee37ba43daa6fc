"""Boards rendered through a known camera: corners and focal length."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure

FOCAL, SIZE, SQUARE = 620.0, (640, 480), 20.0
CAMERA = np.array([[FOCAL, 0, 320], [0, FOCAL, 240], [0, 0, 1]])
POSES = (((0.3, 0.1, 0.05), (-75, -60, 330)), ((-0.35, 0.25, 0.1), (-60, -50, 360)),
         ((0.1, -0.45, -0.1), (-85, -40, 340)),
         ((0.4, 0.4, 0.2), (-40, -70, 380)), ((0.0, 0.05, 0.3), (-50, -70, 300)))


def view(number: int) -> tuple[np.ndarray, np.ndarray]:
    turn, shift = (np.array(v, float) for v in POSES[number])
    scale = 10  # pixels a millimetre of the drawn board
    board = np.full((8 * 20 * scale, 10 * 20 * scale), 255, np.uint8)
    for row in range(6):
        for column in range(8):
            if (row + column) % 2 == 0:
                y, x = (row + 1) * 20 * scale, (column + 1) * 20 * scale
                board[y:y + 20 * scale, x:x + 20 * scale] = 0
    # Board millimetres start at the first inner corner.
    rotation = cv2.Rodrigues(turn)[0]
    plane = CAMERA @ np.column_stack([rotation[:, :2], shift])
    to_mm = np.array([[1 / scale, 0, -40 - 0.5 / scale * -1], [0, 1 / scale, -40 - 0.5 / scale * -1], [0, 0, 1]])
    picture = cv2.warpPerspective(board, plane @ to_mm, SIZE, flags=cv2.INTER_AREA, borderValue=200)
    grid = np.zeros((35, 3))
    grid[:, :2] = np.mgrid[:7, :5].T.reshape(-1, 2) * SQUARE
    truth = cv2.projectPoints(grid, turn, shift, CAMERA, None)[0][:, 0]
    return cv2.GaussianBlur(picture, (0, 0), 0.8), truth


def samples() -> dict[str, Any]:
    return {f"view-{i}.jpg": view(i)[0] for i in range(3)}


def measure(ask: Ask) -> list[Measure]:
    views = [view(i) for i in range(len(POSES))]
    output = ask(images=[v[0] for v in views]).output
    errors = []
    for instance in output["instances"]:
        truth = views[int(instance["label"].split()[1])][1]
        found = np.array([[p["x"], p["y"]] for p in instance["points"]])
        errors.append(float(min(np.hypot(*(truth - f).T).mean() for f in (found, found[::-1]))))
    focal = output["values"].get("focal_px", [0, 0])
    return [Measure("boards found", output["values"]["views_found"], data="five rendered views", at_least=5),
            Measure("error of corners, mean", float(np.mean(errors)), "px", data="the same", at_most=0.6),
            Measure("error of the focal length", 100 * abs(float(np.mean(focal)) / FOCAL - 1), "%", data="the same",
                    at_most=2)]
