"""Face mesh, then the iris net on each eye; the left eye is mirrored, as the net knows right ones."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Request, Result
from model_registry.catalog_kit.people import back, crop, the_face

EYES = {"right": (33, 133, False), "left": (362, 263, True)}
IRIS = ("centre", "side", "top", "other_side", "bottom")
OUTLINE = 16  # points of the lids come first among the contours


def run(request: Request) -> Result:
    image = request.input["image"]
    face = the_face(request.nets, image)
    instances, values = [], {}
    for name, (first, last, mirror) in EYES.items():
        corners = face.points[[first, last], :2]
        span = float(np.hypot(*(corners[1] - corners[0])))
        angle = float(np.arctan2(*(corners[1] - corners[0])[::-1]))
        patch, way = crop(image, corners.mean(0), 2.3 * span, angle, 64, mirror=mirror)
        answer = request.nets.run("iris-landmark", {"input": patch})
        iris = back(answer["output_iris"].reshape(5, 3).astype(float), way)
        lids = back(answer["output_eyes_contours_and_brows"].reshape(71, 3)[:OUTLINE].astype(float), way)
        width = float(np.hypot(*(iris[1, :2] - iris[3, :2])))
        along = (corners[1] - corners[0]) / max(span, 1e-6)
        share = float((iris[0, :2] - corners[0]) @ along / max(span, 1e-6))
        values[name] = {"iris_px": round(width, 2), "eye_px": round(span, 2), "gaze_share": round(share, 3)}
        points = [_point(p, f"iris_{n}") for p, n in zip(iris, IRIS, strict=True)]
        instances.append({"label": f"{name} eye", "score": round(face.score, 4),
                          "points": points + [_point(p, None) for p in lids]})
    sizes = [v["iris_px"] for v in values.values()]
    values["millimetres_per_pixel"] = round(11.7 / max(float(np.mean(sizes)), 1e-6), 4)
    return Result({"width": int(image.shape[1]), "height": int(image.shape[0]), "instances": instances,
                   "values": values})


def _point(place: np.ndarray, name: str | None) -> dict[str, object]:
    found: dict[str, object] = {"x": round(float(place[0]), 2), "y": round(float(place[1]), 2)}
    return {**found, "name": name} if name else found
