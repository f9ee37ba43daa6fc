"""Faces, hands and bodies by MediaPipe's nets: detection on a letterbox, then landmarks in an upright crop of each.

All points come back in pixels of the picture that was given. The geometry (anchors, sizes and turns of crops) is
that of the graphs that the nets were trained for.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit.geometry import Box, letterbox, nms
from model_registry.catalog_kit.types import InvalidInput, Nets

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]
FACE_POINTS = ("right_eye", "left_eye", "nose_tip", "mouth", "right_ear", "left_ear")


@dataclass(frozen=True, slots=True)
class Detector:
    """A single-shot detector: cells and anchors of its grids, number of key points, output names, range of input."""

    net: str
    size: int
    grids: tuple[tuple[int, int], ...]
    points: int
    outputs: tuple[str, str]
    signed: bool


FACE_NEAR = Detector("blazeface-short", 128, ((16, 2), (8, 6)), 6, ("regressors", "classificators"), True)
FACE_FAR = Detector("blazeface-full", 192, ((48, 1),), 6, ("Identity", "Identity_1"), True)
PALM = Detector("palm-detection", 192, ((24, 2), (12, 6)), 7, ("Identity", "Identity_1"), False)
POSE = Detector("pose-detection", 224, ((28, 2), (14, 2), (7, 6)), 4, ("Identity", "Identity_1"), True)


@dataclass(frozen=True, slots=True)
class Found:
    """A detection: its box and key points (n, 2)."""

    box: Box
    points: Points


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Landmarks of one face, hand or body: (n, 3) points, presence 0…1, and what belongs to the kind."""

    points: Points
    score: float
    found: Found
    handedness: float = 0.0
    visibility: NDArray[np.float64] | None = None


@functools.cache
def _anchors(grids: tuple[tuple[int, int], ...]) -> Points:
    """Centres of the anchors in 0…1."""
    centres = []
    for cells, each in grids:
        rows, columns = np.mgrid[:cells, :cells]
        centres.append(np.repeat((np.stack([columns, rows], -1).reshape(-1, 2) + 0.5) / cells, each, axis=0))
    return np.concatenate(centres)


def sigmoid(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -80, 80))))


def detect(nets: Nets, detector: Detector, image: Pixels, threshold: float, label: str) -> list[Found]:
    """What the detector finds in RGB (h, w, 3), best first, overlaps taken out."""
    fitted = letterbox(image, detector.size)
    pixels = fitted.canvas[None].astype(np.float32) / 255
    answer = nets.run(detector.net, {"input": pixels * 2 - 1 if detector.signed else pixels})
    scores = sigmoid(answer[detector.outputs[1]][0, :, 0])
    candidates: dict[int, Found] = {}
    for index in np.flatnonzero(scores >= threshold):
        values = answer[detector.outputs[0]][0, index].astype(np.float64).reshape(-1, 2)
        anchor = _anchors(detector.grids)[index] * detector.size
        (left, top), (wide, high) = fitted.back(*(values[0] + anchor - values[1] / 2)), values[1] / fitted.scale
        points = np.array([fitted.back(*(offset + anchor)) for offset in values[2:2 + detector.points]])
        box = Box(left, top, wide, high, float(scores[index]), label)
        candidates[id(box)] = Found(box, points)
    kept = nms([found.box for found in candidates.values()])
    return [candidates[id(box)] for box in kept]


def find_faces(nets: Nets, image: Pixels, threshold: float = 0.5, *, far: bool = False) -> list[Found]:
    """Faces with FACE_POINTS; `far` finds small ones."""
    return detect(nets, FACE_FAR if far else FACE_NEAR, image, threshold, "face")


def crop(image: Pixels, centre: Points, size: float, angle: float, side: int, *,
         mirror: bool = False) -> tuple[NDArray[np.float32], Points]:
    """The square around `centre`, turned by `angle` (radians): (1, side, side, 3) in 0…1, and the (2, 3) way back."""
    import cv2

    along = np.array([math.cos(angle), math.sin(angle)]) * size / 2
    down = np.array([-along[1], along[0]])
    if mirror:
        along = -along
    corner = centre - along - down
    source = np.array([corner, centre + along - down, centre - along + down], np.float32)
    target = np.array([[0, 0], [side, 0], [0, side]], np.float32)
    forward = cv2.getAffineTransform(source, target)
    patch = cv2.warpAffine(image, forward, (side, side), flags=cv2.INTER_LINEAR)
    return patch[None].astype(np.float32) / 255, np.asarray(cv2.invertAffineTransform(forward))


def back(points: Points, way: Points) -> Points:
    """Points (n, 3) of a crop in the picture; depth is scaled alike."""
    flat = points[:, :2] @ way[:, :2].T + way[:, 2]
    return np.column_stack([flat, points[:, 2] * math.hypot(way[0, 0], way[1, 0])])


def _turn(start: Points, end: Points, upright: float) -> float:
    """By how much the line from start to end is turned against the direction it has when upright."""
    angle = upright - math.atan2(-(end[1] - start[1]), end[0] - start[0])
    return (angle + math.pi) % (2 * math.pi) - math.pi


def face_mesh(nets: Nets, image: Pixels, threshold: float = 0.5) -> list[Landmarks]:
    """468 points of each face."""
    faces = []
    for found in find_faces(nets, image, threshold):
        angle = _turn(found.points[0], found.points[1], 0.0)
        centre = np.array([found.box.x + found.box.width / 2, found.box.y + found.box.height / 2])
        patch, way = crop(image, centre, 1.5 * max(found.box.width, found.box.height), angle, 192)
        answer = nets.run("face-mesh", {"input": patch})
        points = answer["conv2d_21"].reshape(468, 3).astype(np.float64)
        faces.append(Landmarks(back(points, way), float(sigmoid(answer["conv2d_31"]).ravel()[0]), found))
    return faces


def the_face(nets: Nets, image: Pixels, threshold: float = 0.5) -> Landmarks:
    """The largest face; InvalidInput where there is none."""
    faces = [f for f in face_mesh(nets, image, threshold) if f.score > 0.3]
    if not faces:
        raise InvalidInput("no face in the picture", field="image")
    return max(faces, key=lambda f: f.found.box.area)


def find_hands(nets: Nets, image: Pixels, threshold: float = 0.5) -> list[Landmarks]:
    """21 points of each hand; handedness above 0.5 is a right hand as the picture shows it."""
    hands: list[Landmarks] = []
    for found in detect(nets, PALM, image, threshold, "hand"):
        angle = _turn(found.points[0], found.points[2], math.pi / 2)
        size = max(found.box.width, found.box.height)
        centre = np.array([found.box.x + found.box.width / 2, found.box.y + found.box.height / 2])
        centre += 0.5 * size * np.array([math.sin(angle), -math.cos(angle)])
        patch, way = crop(image, centre, 2.6 * size, angle, 224)
        answer = nets.run("hand-landmark", {"input": patch})
        score = float(answer["Identity_1"].ravel()[0])
        points = back(answer["Identity"].reshape(21, 3).astype(np.float64), way)
        middle = points[:, :2].mean(0)
        if score >= threshold and all(np.hypot(*(middle - h.points[:, :2].mean(0))) > size / 3 for h in hands):
            hands.append(Landmarks(points, score, found, float(answer["Identity_2"].ravel()[0])))
    return hands


def find_bodies(nets: Nets, image: Pixels, threshold: float = 0.5) -> list[Landmarks]:
    """33 points of each body with their visibility."""
    bodies: list[Landmarks] = []
    for found in detect(nets, POSE, image, threshold, "person"):
        hips, reach = found.points[0], found.points[1]
        for _ in range(2):  # the second crop is the better one: it follows the landmarks of the first
            size = 2 * float(np.hypot(*(reach - hips))) * 1.25
            patch, way = crop(image, hips, size, _turn(hips, reach, math.pi / 2), 256)
            answer = nets.run("pose-landmark", {"input": patch})
            raw = answer["Identity"].reshape(39, 5).astype(np.float64)
            score, points = float(answer["Identity_1"].ravel()[0]), back(raw[:, :3], way)
            if score < threshold:
                break
            hips, reach = points[33, :2], points[34, :2]
        if score >= threshold:
            bodies.append(Landmarks(points[:33], score, found, visibility=sigmoid(raw[:33, 3])))
    return bodies


def angle_at(first: Points, middle: Points, last: Points) -> float:
    """The angle in degrees, 0…180, between the lines from `middle` to the two others."""
    one, other = first - middle, last - middle
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return math.degrees(math.acos(float(np.clip(one @ other / size, -1, 1)))) if size > 0 else 0.0
