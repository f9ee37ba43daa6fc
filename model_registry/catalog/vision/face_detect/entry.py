"""BlazeFace, short range: one pass over a 128 × 128 letterbox, 896 anchors, six key points a face."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Box, Request, Result, letterbox, nms

SIZE = 128
KEYPOINTS = ("right_eye", "left_eye", "nose_tip", "mouth", "right_ear", "left_ear")


def _anchors() -> np.ndarray:
    """Centres in 0…1: two for each cell of 16 × 16, six for each of 8 × 8."""
    centres = []
    for cells, each in ((16, 2), (8, 6)):
        rows, columns = np.mgrid[:cells, :cells]
        grid = np.stack([columns, rows], -1).reshape(-1, 2)
        centres.append(np.repeat((grid + 0.5) / cells, each, axis=0))
    return np.concatenate(centres)


ANCHORS = _anchors()


def run(request: Request) -> Result:
    image = request.input["image"]
    height, width = image.shape[:2]
    fitted = letterbox(image, SIZE)
    pixels = fitted.canvas[None].astype(np.float32) / 127.5 - 1
    answer = request.nets.run("blazeface-short", {"input": pixels})
    logits = np.clip(answer["classificators"][0, :, 0], -80, 80)
    scores = 1 / (1 + np.exp(-logits))
    found = []
    for index in np.flatnonzero(scores >= request.parameters["threshold"]):
        values = answer["regressors"][0, index].reshape(8, 2)
        centre, size = values[0] + ANCHORS[index] * SIZE, values[1]
        left, top = fitted.back(*(centre - size / 2))
        points = tuple(
            (*fitted.back(*(offset + ANCHORS[index] * SIZE)), name)
            for offset, name in zip(values[2:], KEYPOINTS, strict=True)
        )
        wide, high = size / fitted.scale
        found.append(Box(left, top, wide, high, float(scores[index]), "face", points))
    boxes = [box.clipped(width, height) for box in nms(found)]
    return Result({"width": width, "height": height, "boxes": [box.as_json() for box in boxes]})
