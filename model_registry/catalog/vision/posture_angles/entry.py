"""Angles between the points of the largest body; joints whose points are hardly visible are left empty."""

from __future__ import annotations

import math

import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.people import angle_at, find_bodies

JOINTS = {"left_elbow": (11, 13, 15), "right_elbow": (12, 14, 16), "left_shoulder": (13, 11, 23),
          "right_shoulder": (14, 12, 24), "left_hip": (11, 23, 25), "right_hip": (12, 24, 26),
          "left_knee": (23, 25, 27), "right_knee": (24, 26, 28)}
LEAST = 0.5


def run(request: Request) -> Result:
    bodies = find_bodies(request.nets, request.input["image"], 0.5)
    if not bodies:
        raise InvalidInput("no person in the picture", field="image")
    body = max(bodies, key=lambda b: b.found.box.area)
    points, seen = body.points[:, :2], np.asarray(body.visibility)
    values = [_value(name, angle_at(*(points[i] for i in joint)), float(seen[list(joint)].min()))
              for name, joint in JOINTS.items()]
    right, left = points[12], points[11]
    tilt = math.degrees(math.atan2(left[1] - right[1], left[0] - right[0]))
    values.append(_value("shoulder_tilt", tilt, float(seen[[11, 12]].min())))
    spine = points[[11, 12]].mean(0) - points[[23, 24]].mean(0)
    lean = math.degrees(math.atan2(spine[0], -spine[1]))
    values.append(_value("trunk_lean", lean, float(seen[[11, 12, 23, 24]].min())))
    hidden = [v["name"] for v in values if v["value"] is None]
    return Result({"values": values}, warnings=[f"not visible: {', '.join(map(str, hidden))}"] if hidden else [])


def _value(name: str, angle: float, seen: float) -> dict[str, object]:
    shown = round(angle, 1) if seen >= LEAST else None
    return {"name": name, "value": shown, "unit": "°", "note": f"visibility {seen:.2f}"}
