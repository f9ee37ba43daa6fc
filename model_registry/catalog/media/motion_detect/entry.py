"""The median of all frames is the background; what differs from it in a frame moves."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, box_result, same_size, to_grey


def run(request: Request) -> Result:
    frames = request.input["frames"]
    same_size(*frames, field="frames")
    grey = np.stack([cv2.GaussianBlur(to_grey(f), (0, 0), 1.2) for f in frames]).astype(np.int16)
    background = np.median(grey, axis=0)
    boxes = []
    for number, frame in enumerate(grey):
        light = np.median(frame - background)  # a change of light all over is no motion
        moving = (np.abs(frame - background - light) > request.parameters["threshold"]).astype(np.uint8)
        moving = cv2.morphologyEx(moving, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
        count, _, found, _ = cv2.connectedComponentsWithStats(moving)
        for x, y, wide, high, area in found[1:count]:
            if area >= request.parameters["min_area"]:
                boxes.append({"x": int(x), "y": int(y), "width": int(wide), "height": int(high), "frame": number,
                              "label": "motion", "score": round(float(area / (wide * high)), 3)})
    frames_moving = len({b["frame"] for b in boxes})
    return box_result(frames[0], boxes[:2000], {"frames": len(frames), "frames_with_motion": frames_moving})
