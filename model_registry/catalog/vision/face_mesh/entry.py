"""Faces by BlazeFace, then 468 points of each in an upright crop."""

from __future__ import annotations

from itertools import pairwise

from model_registry.catalog_kit import Request, Result
from model_registry.catalog_kit.people import face_mesh

NAMES = {1: "nose_tip", 10: "forehead", 152: "chin", 33: "right_eye_outer", 133: "right_eye_inner",
         263: "left_eye_outer", 362: "left_eye_inner", 61: "mouth_right", 291: "mouth_left", 13: "upper_lip",
         14: "lower_lip", 234: "right_cheek", 454: "left_cheek"}
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149,
        150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109, 10)


def run(request: Request) -> Result:
    image = request.input["image"]
    faces = []
    for face in face_mesh(request.nets, image, float(request.parameters["threshold"])):
        points = [{"x": round(float(x), 2), "y": round(float(y), 2), "z": round(float(z), 2),
                   **({"name": NAMES[i]} if i in NAMES else {})} for i, (x, y, z) in enumerate(face.points)]
        faces.append({"score": round(face.score, 4), "points": points})
    return Result({"width": int(image.shape[1]), "height": int(image.shape[0]), "instances": faces,
                   "skeleton": [[a, b] for a, b in pairwise(OVAL)]},
                  warnings=[] if faces else ["no face found"])
