"""A finger is raised where its tip lies farther from the wrist than its middle joint."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.people import find_hands

FINGERS = {"index": (6, 8), "middle": (10, 12), "ring": (14, 16), "little": (18, 20)}
GESTURES = {(): "fist", ("index",): "pointing", ("index", "middle"): "victory", ("thumb",): "thumb",
            ("thumb", "index", "middle", "ring", "little"): "open hand", ("index", "middle", "ring"): "three",
            ("index", "middle", "ring", "little"): "four", ("thumb", "little"): "call", ("index", "little"): "horns",
            ("thumb", "index"): "gun"}


def run(request: Request) -> Result:
    hands = find_hands(request.nets, request.input["image"], 0.4)
    if not hands:
        raise InvalidInput("no hand in the picture", field="image")
    hand = max(hands, key=lambda h: h.score)
    points = hand.points[:, :2]

    def apart(a: int, b: int) -> float:
        return float(np.hypot(*(points[a] - points[b])))

    # How far each finger is on its side of the limit, as a share of the way.
    ratios = {"thumb": apart(4, 17) / max(apart(2, 17), 1e-6) / 1.15,
              **{name: apart(tip, 0) / max(apart(joint, 0), 1e-6) / 1.1 for name, (joint, tip) in FINGERS.items()}}
    raised = tuple(name for name, ratio in ratios.items() if ratio > 1)
    sure = hand.score * float(np.mean([min(1.0, abs(r - 1) / 0.1) for r in ratios.values()]))
    label = GESTURES.get(raised, f"{len(raised)} fingers")
    return Result({"labels": [{"label": label, "score": round(sure, 4)}], "raised": list(raised), "count": len(raised),
                   "hand": "right" if hand.handedness > 0.5 else "left"})
