"""One handwritten digit: ink found by Otsu's threshold, scaled into the 8x8 grid the net was trained on."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    grey = cv2.cvtColor(request.input["image"], cv2.COLOR_RGB2GRAY)
    if int(grey.max()) - int(grey.min()) < 30:
        raise InvalidInput("the picture is blank", field="image")
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.median(border) > (int(grey.max()) + int(grey.min())) / 2:
        grey = 255 - grey  # dark ink on a light ground
    _, ink = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    crop = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = crop.shape
    size = 32 / max(height, width)
    wide, high = max(4, round(width * size)), max(4, round(height * size))
    scaled = cv2.resize(crop, (wide, high), interpolation=cv2.INTER_AREA)
    grid = np.zeros((32, 32), np.float32)
    top, left = (32 - high) // 2, (32 - wide) // 2
    grid[top : top + high, left : left + wide] = scaled / 255.0
    image = grid.reshape(8, 4, 8, 4).mean(axis=(1, 3))[None, None]
    scores = request.nets.run("digit-mlp", {"image": np.ascontiguousarray(image, np.float32)})["scores"][0]
    order = np.argsort(-scores, kind="stable")
    return Result({"labels": [{"label": str(i), "score": round(float(scores[i]), 4)} for i in order]})
