"""SSD MobileNet v2 trained on Open Images: one pass over the picture, boxes of 23 kinds of things."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit import Request, Result
from model_registry.catalog_kit.geometry import Box, nms
from model_registry.catalog_kit.people import sigmoid

SIZE = 300
# In the order of the net's scores; before them comes the background.
LABELS = ("bicycle", "boot", "laptop", "person", "chair", "cattle", "desk", "cat", "computer mouse", "computer monitor",
          "box", "mug", "coffee cup", "stationary bicycle", "table", "bottle", "high heels", "vehicle", "footwear",
          "dog", "book", "camera", "car")
GRIDS = (19, 10, 5, 3, 2, 1)
SMALLEST, LARGEST = 0.2, 0.95
OVERLAP = 0.5


@functools.cache
def anchors() -> NDArray[np.float64]:
    """Centre (y, x) and size (height, width) of the 1917 anchors, in 0…1, in the order of the net's outputs."""
    scales = np.append(np.linspace(SMALLEST, LARGEST, len(GRIDS)), 1.0)
    made = []
    for level, cells in enumerate(GRIDS):
        scale, between = scales[level], np.sqrt(scales[level] * scales[level + 1])
        shapes = [(1.0, scale), (2.0, scale), (0.5, scale), (3.0, scale), (1 / 3, scale), (1.0, between)]
        if level == 0:  # the finest grid has three, and a smaller square
            shapes = [(1.0, 0.1), (2.0, scale), (0.5, scale)]
        sizes = np.array([(one / np.sqrt(ratio), one * np.sqrt(ratio)) for ratio, one in shapes])
        rows, columns = np.mgrid[:cells, :cells]
        centres = (np.stack([rows, columns], -1).reshape(-1, 2) + 0.5) / cells
        made.append(np.hstack([np.repeat(centres, len(sizes), 0), np.tile(sizes, (len(centres), 1))]))
    return np.concatenate(made)


def run(request: Request) -> Result:
    image = request.input["image"]
    height, width = image.shape[:2]
    small = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA if max(height, width) > SIZE else
                       cv2.INTER_LINEAR)
    answer = request.nets.run("objects-ssd", {"input": small[None].astype(np.float32) / 127.5 - 1})
    scores = sigmoid(answer["raw_outputs_class_predictions"][0])[:, 1:]
    best = scores.argmax(1)
    score = scores[np.arange(len(scores)), best]
    wanted = score >= float(request.parameters["threshold"])
    shift, frame = answer["raw_outputs_box_encodings"][0][wanted].astype(np.float64), anchors()[wanted]
    centre = shift[:, :2] / 10 * frame[:, 2:] + frame[:, :2]
    size = np.exp(np.clip(shift[:, 2:] / 5, -10, 4)) * frame[:, 2:]
    boxes = [Box((x - wide / 2) * width, (y - high / 2) * height, wide * width, high * height, float(sure), LABELS[one])
             for (y, x), (high, wide), sure, one in zip(centre, size, score[wanted], best[wanted], strict=True)]
    kept = [box.clipped(width, height) for box in nms(boxes, OVERLAP)[:int(request.parameters["top"])]]
    return Result({"width": width, "height": height, "boxes": [box.as_json() for box in kept]})
