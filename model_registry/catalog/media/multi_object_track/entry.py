"""SORT: a constant-velocity filter for each track, and the best assignment of boxes to predictions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from model_registry.catalog_kit import Request, Result

MOST_BOXES, GAIN = 40_000, np.array([0.7, 0.7, 0.5, 0.5])


@dataclass
class Track:
    number: int
    state: np.ndarray  # centre x, y, width, height
    speed: np.ndarray = field(default_factory=lambda: np.zeros(4))
    missed: int = 0
    hits: int = 1
    boxes: list[tuple[int, np.ndarray]] = field(default_factory=list)


def run(request: Request) -> Result:
    problem, p = request.input["problem"], request.parameters
    alive: list[Track] = []
    ended: list[Track] = []
    made = 0
    for number, listed in enumerate(problem["frames"]):
        boxes = np.array([_centred(b) for b in listed if b[2] > 0 and b[3] > 0]).reshape(-1, 4)
        for track in alive:
            track.state = track.state + track.speed
        overlap = _overlaps(np.array([t.state for t in alive]).reshape(-1, 4), boxes)
        taken = set()
        for i, j in zip(*linear_sum_assignment(-overlap), strict=True):
            if overlap[i, j] >= p["min_overlap"]:
                track, taken = alive[i], taken | {int(j)}
                off = boxes[j] - track.state
                gain = GAIN if track.hits > 1 else np.ones(4)  # the second box says the speed
                track.state = track.state + gain * off
                track.speed = track.speed + (0.4 if track.hits > 1 else 1.0) * off * (1, 1, 0, 0)
                track.missed, track.hits = -1, track.hits + 1
                track.boxes.append((number, boxes[j]))
        for track in alive:
            track.missed += 1
        ended += [t for t in alive if t.missed > p["max_age"]]
        alive = [t for t in alive if t.missed <= p["max_age"]]
        for j in set(range(len(boxes))) - taken:
            made += 1
            alive.append(Track(made, boxes[j].copy(), boxes=[(number, boxes[j])]))
    kept = sorted((t for t in ended + alive if t.hits >= p["min_hits"]), key=lambda t: t.number)
    found = [{"x": round(float(b[0] - b[2] / 2), 2), "y": round(float(b[1] - b[3] / 2), 2),
              "width": round(float(b[2]), 2),
              "height": round(float(b[3]), 2), "score": 1.0, "label": f"track {n}", "id": n, "frame": frame}
             for n, t in enumerate(kept, start=1) for frame, b in t.boxes]
    lengths = [len(t.boxes) for t in kept]
    return Result({"width": problem.get("width", 0), "height": problem.get("height", 0), "boxes": found[:MOST_BOXES],
                   "values": {"tracks": len(kept), "longest": max(lengths, default=0)}})


def _centred(box: list[float]) -> list[float]:
    x, y, wide, high = box
    return [x + wide / 2, y + high / 2, wide, high]


def _overlaps(tracks: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union of every track with every box."""
    low = np.maximum((tracks[:, :2] - tracks[:, 2:] / 2)[:, None], (boxes[:, :2] - boxes[:, 2:] / 2)[None])
    high = np.minimum((tracks[:, :2] + tracks[:, 2:] / 2)[:, None], (boxes[:, :2] + boxes[:, 2:] / 2)[None])
    shared = np.clip(high - low, 0, None).prod(-1)
    areas = tracks[:, 2:].clip(0).prod(-1)[:, None] + boxes[:, 2:].prod(-1)[None]
    return np.asarray(shared / np.maximum(areas - shared, 1e-9))
