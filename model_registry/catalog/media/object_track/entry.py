"""OpenCV's CSRT tracker over a short clip; frames are worked on at 480 pixels."""

from __future__ import annotations

import cv2

from model_registry.catalog_kit import InvalidInput, Request, Result, box_result, same_size, shrink

LONGEST, LEAST = 480, 8


def run(request: Request) -> Result:
    frames, p = request.input["frames"], request.parameters
    same_size(*frames, field="frames")
    small = [shrink(f, LONGEST) for f in frames]
    factor, (high, wide) = small[0][1], small[0][0].shape[:2]
    box = [int(p["x"] * wide), int(p["y"] * high), int(p["width"] * wide), int(p["height"] * high)]
    box[2], box[3] = min(box[2], wide - box[0]), min(box[3], high - box[1])
    if min(box[2:]) < LEAST:
        raise InvalidInput(f"the box must be at least {LEAST} pixels wide and high inside the picture",
                           field="/parameters/width")
    tracker = cv2.TrackerCSRT_create()
    tracker.init(small[0][0][..., ::-1].copy(), box)
    boxes, lost = [_box(box, factor, 0)], []
    for number, (frame, _) in enumerate(small[1:], start=1):
        known, found = tracker.update(frame[..., ::-1].copy())
        if known:
            boxes.append(_box(found, factor, number))
        else:
            lost.append(number)
    return box_result(frames[0], boxes, {"frames": len(frames), "lost": lost},
                      warnings=["the object was lost in some frames"] if lost else [])


def _box(box: object, factor: float, number: int) -> dict[str, object]:
    x, y, wide, high = (round(float(v) / factor, 1) for v in box)  # type: ignore[attr-defined]
    return {"x": x, "y": y, "width": wide, "height": high, "score": 1.0, "label": "object", "frame": number, "id": 1}
