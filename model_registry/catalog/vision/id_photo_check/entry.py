"""One face, upright, straight, large and in the middle, eyes open, plain and light ground, sharp and well lit."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, check, to_grey
from model_registry.catalog_kit.people import face_mesh

EYES = ((33, 133, (160, 144), (158, 153)), (362, 263, (385, 380), (387, 373)))


def run(request: Request) -> Result:
    image = request.input["image"]
    high, wide = image.shape[:2]
    faces = [f for f in face_mesh(request.nets, image, 0.5) if f.score > 0.5]
    if not faces:
        raise InvalidInput("no face in the picture", field="image")
    face = max(faces, key=lambda f: f.found.box.area)
    points = face.points
    across = points[263] - points[33]
    roll = float(np.degrees(np.arctan2(across[1], across[0])))
    yaw = float(np.degrees(np.arctan2(across[2], np.hypot(across[0], across[1]))))
    # Crown to chin: the mesh ends at the hairline, about a quarter short of the head.
    head = float(np.hypot(*(points[152] - points[10])[:2])) * 1.25 / high
    off = abs(float(points[[33, 263], 0].mean()) / wide - 0.5)
    opening = min(_ratio(points, eye) for eye in EYES)
    ground, evenness = _background(request, image)
    crop = to_grey(image)[max(0, int(points[:, 1].min())):int(points[:, 1].max()) + 1,
                          max(0, int(points[:, 0].min())):int(points[:, 0].max()) + 1]
    crop = cv2.resize(crop if crop.size else to_grey(image), (160, 200), interpolation=cv2.INTER_AREA)
    sharp, light = float(cv2.Laplacian(crop, cv2.CV_64F).var()), float(crop.mean())
    limit = request.parameters["min_height"]
    checks = [
        check("one face", len(faces) == 1, len(faces), "exactly one"),
        check("height of the picture", high >= limit, high, f"at least {limit} pixels"),
        check("head height", 0.5 <= head <= 0.82, round(head, 3), "50…80% of the picture, with tolerance"),
        check("centred", off <= 0.08, round(off, 3), "eyes within 8% of the middle"),
        check("upright", abs(roll) <= 6, round(roll, 1), "eyes level within 6°"),
        check("looking straight", abs(yaw) <= 12, round(yaw, 1), "turned at most 12°"),
        check("eyes open", opening >= 0.18, round(opening, 3), "lids apart by at least 18% of the eye's width"),
        check("light background", ground >= 140, round(ground, 1), "mean brightness at least 140 of 255"),
        check("plain background", evenness <= 25, round(evenness, 1), "spread of brightness at most 25"),
        check("sharp", sharp >= 40, round(sharp, 1), "variance of the Laplacian at least 40"),
        check("exposure of the face", 70 <= light <= 215, round(light, 1), "mean brightness 70…215"),
    ]
    passed = sum(bool(c["passed"]) for c in checks)
    return Result({"verdict": "acceptable" if passed == len(checks) else "not acceptable",
                   "score": round(passed / len(checks), 4), "checks": checks})


def _ratio(points: np.ndarray, eye: tuple) -> float:
    first, last, *pairs = eye
    width = float(np.hypot(*(points[first] - points[last])[:2]))
    return float(np.mean([np.hypot(*(points[a] - points[b])[:2]) for a, b in pairs])) / max(width, 1e-6)


def _background(request: Request, image: np.ndarray) -> tuple[float, float]:
    """Mean and spread of brightness behind the person, in the upper two thirds."""
    small = cv2.resize(image, (256, 256), interpolation=cv2.INTER_AREA)
    share = request.nets.run("selfie-segmentation", {"input": small[None].astype(np.float32) / 255})["activation_10"]
    behind = cv2.erode((share[0, :, :, 0] < 0.1).astype(np.uint8), np.ones((5, 5)))[:170] > 0
    grey = to_grey(small)[:170]
    return (float(grey[behind].mean()), float(grey[behind].std())) if behind.sum() > 200 else (0.0, 255.0)
