"""BlazeFace: one pass over a letterbox, six key points a face; `far` uses the net for small faces."""

from __future__ import annotations

from model_registry.catalog_kit import Request, Result
from model_registry.catalog_kit.geometry import Box
from model_registry.catalog_kit.people import FACE_POINTS, find_faces


def run(request: Request) -> Result:
    image = request.input["image"]
    height, width = image.shape[:2]
    far = request.parameters["range"] == "far"
    boxes = []
    for face in find_faces(request.nets, image, float(request.parameters["threshold"]), far=far):
        box = face.box.clipped(width, height)
        points = tuple((float(x), float(y), name) for (x, y), name in zip(face.points, FACE_POINTS, strict=True))
        boxes.append(Box(box.x, box.y, box.width, box.height, box.score, "face", points).as_json())
    return Result({"width": width, "height": height, "boxes": boxes})
