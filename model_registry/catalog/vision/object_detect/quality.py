"""Photographs whose content is known, framed by hand, in seven views each; and pictures that hold none of the kinds."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data
from PIL import Image

from model_registry.catalog_kit.geometry import Box, iou
from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.runner import SAMPLES

Truth = tuple[np.ndarray, str, tuple[float, float, float, float]]


def photographs() -> list[Truth]:
    """Pixels, what is to be seen, and its box (x, y, width, height) as drawn by hand."""
    grey = skimage.data.camera()
    return [(skimage.data.astronaut(), "person", (15, 5, 385, 507)),
            (np.stack([grey] * 3, -1), "person", (70, 55, 225, 455)),
            (np.asarray(Image.open(SAMPLES / "hopper.jpg").convert("RGB")), "person", (10, 25, 490, 575)),
            (skimage.data.chelsea(), "cat", (0, 5, 445, 295)),
            (skimage.data.coffee(), "coffee cup", (170, 45, 245, 255))]


def views(picture: np.ndarray, box: tuple[float, float, float, float]) -> list[tuple[np.ndarray, Box]]:
    """As it is, mirrored, darker, brighter, as a poor JPEG, and smaller on grey at two places."""
    x, y, wide, high = box
    tall, across = picture.shape[:2]
    poor = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 15])[1], cv2.IMREAD_COLOR)
    made = [(picture, Box(x, y, wide, high)), (picture[:, ::-1].copy(), Box(across - x - wide, y, wide, high)),
            (np.clip(picture * 0.6, 0, 255).astype(np.uint8), Box(x, y, wide, high)),
            (np.clip(picture * 1.3, 0, 255).astype(np.uint8), Box(x, y, wide, high)), (poor, Box(x, y, wide, high))]
    for left, top in ((0.05, 0.1), (0.35, 0.3)):
        canvas = np.full_like(picture, 128)
        small = cv2.resize(picture, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
        row, column = int(top * tall), int(left * across)
        canvas[row:row + len(small), column:column + small.shape[1]] = small
        made.append((canvas, Box(column + 0.6 * x, row + 0.6 * y, 0.6 * wide, 0.6 * high)))
    return made


def measure(ask: Ask) -> list[Measure]:
    overlaps = []
    for picture, label, box in photographs():
        for view, truth in views(picture, box):
            found = [one for one in ask(image=view).output["boxes"] if one["label"] == label]
            overlaps.append(max((iou(truth, Box(b["x"], b["y"], b["width"], b["height"])) for b in found), default=0.0))
    hits = np.array(overlaps) >= 0.5
    empty = [skimage.data.brick(), skimage.data.grass(), skimage.data.gravel(), skimage.data.coins(),
             skimage.data.moon(), skimage.data.hubble_deep_field(), skimage.data.retina(), skimage.data.rocket(),
             skimage.data.logo()[..., :3], skimage.data.colorwheel()]
    alarms = [len(ask(image=one if one.ndim == 3 else np.stack([one] * 3, -1)).output["boxes"]) for one in empty]
    data = "scikit-image's astronaut, camera, chelsea, coffee and Matplotlib's Grace Hopper, seven views of each"
    return [Measure("things found", 100 * float(hits.mean()), "%", data=data, at_least=60,
                    method="the right kind, and at least half of box and hand-drawn box shared"),
            Measure("overlap of those", float(np.array(overlaps)[hits].mean()), "IoU", data=data),
            Measure("false alarms", float(np.mean(alarms)), "a picture", at_most=0.3,
                    data="ten pictures of scikit-image without any of the kinds")]
