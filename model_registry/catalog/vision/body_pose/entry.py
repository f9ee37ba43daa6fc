"""People by their hips and reach, then 33 points in a crop turned upright."""

from __future__ import annotations

from model_registry.catalog_kit import Request, Result
from model_registry.catalog_kit.people import find_bodies

NAMES = ("nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
         "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow",
         "right_elbow", "left_wrist", "right_wrist", "left_little", "right_little", "left_index", "right_index",
         "left_thumb", "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
         "left_heel", "right_heel", "left_toe", "right_toe")
SKELETON = [[11, 12], [11, 13], [13, 15], [12, 14], [14, 16], [11, 23], [12, 24], [23, 24], [23, 25], [25, 27],
            [24, 26], [26, 28], [27, 29], [29, 31], [28, 30], [30, 32], [9, 10], [0, 2], [0, 5], [2, 7], [5, 8]]


def run(request: Request) -> Result:
    image = request.input["image"]
    bodies = []
    for body in find_bodies(request.nets, image, float(request.parameters["threshold"])):
        assert body.visibility is not None
        points = [{"x": round(float(x), 2), "y": round(float(y), 2), "z": round(float(z), 2),
                   "score": round(float(seen), 4), "name": name}
                  for (x, y, z), seen, name in zip(body.points, body.visibility, NAMES, strict=True)]
        bodies.append({"score": round(body.score, 4), "points": points})
    return Result({"width": int(image.shape[1]), "height": int(image.shape[0]), "instances": bodies,
                   "skeleton": SKELETON}, warnings=[] if bodies else ["no person found"])
