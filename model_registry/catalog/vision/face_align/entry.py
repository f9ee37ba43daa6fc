"""Brings both eyes of each face to fixed places and lays the faces side by side."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, image_result
from model_registry.catalog_kit.people import face_mesh

MOST = 16


def run(request: Request) -> Result:
    image, size, margin = request.input["image"], request.parameters["size"], float(request.parameters["margin"])
    found = [f for f in face_mesh(request.nets, image, float(request.parameters["threshold"])) if f.score > 0.3]
    faces = sorted(found, key=lambda f: f.found.box.x)[:MOST]
    if not faces:
        raise InvalidInput("no face in the picture", field="image")
    parts, values = [], []
    for face in faces:
        right, left = face.points[[33, 133], :2].mean(0), face.points[[362, 263], :2].mean(0)
        across = left - right
        span = size * 0.42 / (1 + margin)
        scale, roll = span / max(float(np.hypot(*across)), 1e-6), float(np.degrees(np.arctan2(across[1], across[0])))
        centre = (right + left) / 2
        matrix = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), roll, scale)
        matrix[:, 2] += np.array([size / 2, size * 0.42]) - centre
        parts.append(cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC,
                                    borderMode=cv2.BORDER_REPLICATE))
        values.append({"score": round(face.found.box.score, 4), "turned_by": round(roll, 2), "scale": round(scale, 3),
                       "x": round(float(centre[0]), 1), "y": round(float(centre[1]), 1)})
    return image_result(np.hstack(parts), {"faces": values})
