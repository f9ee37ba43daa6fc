"""Palms by MediaPipe's detector, then 21 points in a crop turned upright."""

from __future__ import annotations

from model_registry.catalog_kit import Request, Result
from model_registry.catalog_kit.people import find_hands

PARTS = ("cmc", "mcp", "ip", "tip"), ("mcp", "pip", "dip", "tip")
NAMES = ["wrist", *(f"thumb_{p}" for p in PARTS[0]),
         *(f"{finger}_{p}" for finger in ("index", "middle", "ring", "little") for p in PARTS[1])]
SKELETON = [[0, 1], [0, 5], [0, 17], [5, 9], [9, 13], [13, 17],
            *([base + i, base + i + 1] for base in (1, 5, 9, 13, 17) for i in range(3))]


def run(request: Request) -> Result:
    image = request.input["image"]
    hands = []
    for hand in find_hands(request.nets, image, float(request.parameters["threshold"])):
        points = [{"x": round(float(x), 2), "y": round(float(y), 2), "z": round(float(z), 2), "name": name}
                  for (x, y, z), name in zip(hand.points, NAMES, strict=True)]
        hands.append({"score": round(hand.score, 4), "label": "right" if hand.handedness > 0.5 else "left",
                      "points": points})
    return Result({"width": int(image.shape[1]), "height": int(image.shape[0]), "instances": hands,
                   "skeleton": SKELETON}, warnings=[] if hands else ["no hand found"])
