"""Makes faces unrecognisable: BlazeFace finds them, a mosaic or blur with margin covers them."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Box, Request, Result, encode_png, letterbox, nms

SIZE = 128
MARGIN = 0.25  # on each side, for hair, chin and ears


def run(request: Request) -> Result:
    image, parameters = request.input["image"], request.parameters
    height, width = image.shape[:2]
    covered = image.copy()
    faces = _faces(request)
    for box in faces:
        left, top = int(max(box.x - box.width * MARGIN, 0)), int(max(box.y - box.height * MARGIN * 2, 0))
        right = int(min(box.x + box.width * (1 + MARGIN), width))
        bottom = int(min(box.y + box.height * (1 + MARGIN), height))
        face = covered[top:bottom, left:right]
        if face.size:
            # Both ways go through at most eight cells a side: what is left can't be sharpened back.
            cells = cv2.resize(face, (8, 8), interpolation=cv2.INTER_AREA)
            way = cv2.INTER_NEAREST if parameters["mode"] == "mosaic" else cv2.INTER_CUBIC
            covered[top:bottom, left:right] = cv2.resize(cells, (right - left, bottom - top), interpolation=way)
    result = Result({"width": width, "height": height, "values": {"faces": len(faces)}})
    if not faces:
        result.warnings.append("no face found; the picture is unchanged")
    result.output["image"] = result.add_media("image/png", encode_png(covered))
    return result


def _faces(request: Request) -> list[Box]:
    fitted = letterbox(request.input["image"], SIZE)
    pixels = fitted.canvas[None].astype(np.float32) / 127.5 - 1
    answer = request.nets.run("blazeface-short", {"input": pixels})
    scores = 1 / (1 + np.exp(-np.clip(answer["classificators"][0, :, 0], -80, 80)))
    found = []
    for index in np.flatnonzero(scores >= request.parameters["threshold"]):
        # 512 anchors on a grid of 16 × 16 (two a cell), then 384 on 8 × 8 (six a cell)
        cells, cell = (16, index // 2) if index < 512 else (8, (index - 512) // 6)
        anchor = np.array([cell % cells + 0.5, cell // cells + 0.5]) * SIZE / cells
        centre, size = answer["regressors"][0, index, :2] + anchor, answer["regressors"][0, index, 2:4]
        left, top = fitted.back(*(centre - size / 2))
        found.append(Box(left, top, *(size / fitted.scale), float(scores[index]), "face"))
    return nms(found)
