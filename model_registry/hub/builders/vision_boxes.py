"""Pictures to boxes: each family of detectors has its own tensors; all answer boxes in pixels of the picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from model_registry.catalog_kit.answers import box_result
from model_registry.catalog_kit.types import Request, Result
from model_registry.hub.builders.pixels import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Image,
    fit,
    letterbox,
    recipe_of,
    resize,
    standard,
)
from model_registry.hub.builders.vision import IMAGE, PICTURE
from model_registry.hub.kit import Answer, Array, Builder, Kit, sigmoid, softmax

THRESHOLD = {"threshold": {"kind": "number", "minimum": 0.01, "maximum": 0.99, "default": 0.5,
                           "title": "Least score", "title_zh": "最低置信度"}}
MAX_BOXES = 300
OVERLAP = 0.45
COCO_80 = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow",
    "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis",
    "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard",
    "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich",
    "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed",
    "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven",
    "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier",
    "toothbrush")
# The numbers of the 80 among COCO's 91 categories, which skip eleven.
_SKIPPED = (12, 26, 29, 30, 45, 66, 68, 69, 71, 83, 91)
COCO_91 = dict(zip((n for n in range(1, 91) if n not in _SKIPPED), COCO_80, strict=True))
VOC_20 = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor")
YOLO2_ANCHORS = ((1.08, 1.19), (3.42, 4.41), (6.63, 11.38), (9.42, 5.11), (16.62, 10.52))
YOLO4_ANCHORS = (((12, 16), (19, 36), (40, 28)), ((36, 75), (76, 55), (72, 146)), ((142, 110), (192, 243), (459, 401)))
YOLO4_SCALES = (1.2, 1.1, 1.05)


def _boxes(image: Image, corners: Array, scores: Array, labels: list[str], *, suppress: bool = False) -> Result:
    """Corners x0, y0, x1, y1 in pixels; clipped to the picture, best first, overlaps of a label taken out if asked."""
    high, wide = image.shape[:2]
    clipped = np.clip(corners.astype(np.float64), 0, [wide, high, wide, high])
    chosen: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        if len(chosen) == MAX_BOXES:
            break
        x0, y0, x1, y1 = clipped[i]
        if x1 <= x0 or y1 <= y0:
            continue
        if suppress and any(labels[i] == labels[j] and _overlap(clipped[i], clipped[j]) > OVERLAP for j in chosen):
            continue
        chosen.append(int(i))
    return box_result(image, [{
        "x": round(float(clipped[i][0]), 2), "y": round(float(clipped[i][1]), 2),
        "width": round(float(clipped[i][2] - clipped[i][0]), 2),
        "height": round(float(clipped[i][3] - clipped[i][1]), 2),
        "score": round(float(scores[i]), 5), "label": labels[i]} for i in chosen])


def _overlap(one: Array, other: Array) -> float:
    """Intersection over union."""
    size = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    if (size <= 0).any():
        return 0.0
    both = float(size.prod())
    return both / (float((one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod()) - both)


def detr(kit: Kit) -> Answer:
    """DETR and its kin: `logits` and `pred_boxes` (middle and size, 0…1). Options: `activation` softmax (with a class
    "nothing" at the end) or sigmoid, `short`, `longest`, or `image` for a fixed size."""
    net = kit.net
    softly = kit.options.get("activation", "softmax") == "softmax"
    logits, places = net.output("logits"), net.output("pred_boxes")
    port = next(p for p in net.inputs if p.name == "pixel_values")
    stretched = recipe_of(kit, port, mean=IMAGENET_MEAN, std=IMAGENET_STD)
    short, longest = int(kit.options.get("short", 0)), int(kit.options.get("longest", 0))

    def answer(request: Request) -> Result:
        image = request.input["image"]
        if short:
            shaped, _ = fit(image, short=short, longest=longest)
            values = standard(shaped)
        else:
            values = stretched.tensor(image)
        feed = {"pixel_values": values}
        if net.has("pixel_mask"):
            # The exported nets take a mask of 64 × 64 or of the picture's size; all of it is picture.
            mask = next(p for p in net.inputs if p.name == "pixel_mask").shape
            feed["pixel_mask"] = np.ones((1, *(m if m > 0 else n for m, n in zip(mask[1:], values.shape[2:],
                                                                                strict=True))))
        found = net.run(request.nets, feed)
        scores = softmax(found[logits][0])[:, :-1] if softly else sigmoid(found[logits][0])
        best = scores.argmax(axis=1)
        value = scores[np.arange(len(best)), best]
        keep = value >= request.parameters["threshold"]
        x, y, w, h = (found[places][0][keep] * np.tile([image.shape[1], image.shape[0]], 2)).T
        corners = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1)
        return _boxes(image, corners, value[keep], [kit.label(int(i)) for i in best[keep]])

    return answer


def yolo3(kit: Kit) -> Answer:
    """YOLOv3 with its selection inside: boxes (y0, x0, y1, x1 of the picture), scores and the chosen (image, class,
    box)."""
    net = kit.net

    def answer(request: Request) -> Result:
        image = request.input["image"]
        frame, *_ = letterbox(image, (416, 416), 128)
        values = frame.astype(np.float32).transpose(2, 0, 1)[None] / 255
        corners, scores, chosen = net.run(request.nets, {
            net.inputs[0].name: values, net.inputs[1].name: np.array([image.shape[:2]], np.float32)})
        picks = [(int(c), int(b)) for _, c, b in chosen.reshape(-1, 3)
                 if b >= 0 and scores[0, c, b] >= request.parameters["threshold"]]
        places = np.array([corners[0, b][[1, 0, 3, 2]] for _, b in picks]).reshape(-1, 4)
        return _boxes(image, places, np.array([scores[0, c, b] for c, b in picks]),
                      [COCO_80[c] for c, _ in picks])

    return answer


def yolo4(kit: Kit) -> Answer:
    """YOLOv4: three grids (1, n, n, 3, 85) of raw numbers, coarse or fine in any order."""
    net = kit.net

    def answer(request: Request) -> Result:
        image = request.input["image"]
        frame, factor, left, above = letterbox(image, (416, 416), 128)
        grids = sorted(net.run(request.nets, frame[None].astype(np.float32) / 255), key=lambda g: -g.shape[1])
        corners, scores, labels = [], [], []
        for grid, anchors, scale in zip(grids, YOLO4_ANCHORS, YOLO4_SCALES, strict=True):
            n = grid.shape[1]
            step = 416 / n
            row, column = np.mgrid[:n, :n]
            cells = np.stack([column, row], axis=-1)[:, :, None, :]
            middle = (sigmoid(grid[0, ..., :2]) * scale - 0.5 * (scale - 1) + cells) * step
            half = np.exp(np.clip(grid[0, ..., 2:4], -20, 8)) * np.asarray(anchors) / 2
            chances = sigmoid(grid[0, ..., 4:5]) * sigmoid(grid[0, ..., 5:])
            best = chances.max(axis=-1)
            for at in zip(*np.nonzero(best >= request.parameters["threshold"]), strict=True):
                corners.append([*(middle[at] - half[at]), *(middle[at] + half[at])])
                scores.append(best[at])
                labels.append(COCO_80[int(chances[at].argmax())])
        places = (np.array(corners).reshape(-1, 4) - [left, above, left, above]) / factor
        return _boxes(image, places, np.array(scores), labels, suppress=True)

    return answer


def yolo2(kit: Kit) -> Answer:
    """Tiny YOLOv2: one grid (1, 125, 13, 13): five anchors of place, size, object and the 20 classes of VOC."""
    net = kit.net

    def answer(request: Request) -> Result:
        image = request.input["image"]
        values = resize(image, (416, 416)).astype(np.float32).transpose(2, 0, 1)[None]
        grid = net.run(request.nets, values)[0].reshape(5, 25, 13, 13).astype(np.float64)
        row, column = np.mgrid[:13, :13]
        corners, scores, labels = [], [], []
        for (wide, high), part in zip(YOLO2_ANCHORS, grid, strict=True):
            x, y = (sigmoid(part[0]) + column) / 13, (sigmoid(part[1]) + row) / 13
            w, h = (np.exp(np.clip(part[2:4], -20, 8)) * np.array([wide, high])[:, None, None] / 13)
            chances = sigmoid(part[4]) * softmax(part[5:], axis=0)
            best = chances.max(axis=0)
            for at in zip(*np.nonzero(best >= request.parameters["threshold"]), strict=True):
                corners.append([x[at] - w[at] / 2, y[at] - h[at] / 2, x[at] + w[at] / 2, y[at] + h[at] / 2])
                scores.append(best[at])
                labels.append(VOC_20[int(chances[(slice(None), *at)].argmax())])
        places = np.array(corners).reshape(-1, 4) * np.tile([image.shape[1], image.shape[0]], 2)
        return _boxes(image, places, np.array(scores), labels, suppress=True)

    return answer


def ssd(kit: Kit) -> Answer:
    """SSD of the ONNX zoo: corners 0…1, labels from 1, scores; the selection is inside."""
    net = kit.net
    recipe = recipe_of(kit, net.inputs[0], mean=IMAGENET_MEAN, std=IMAGENET_STD)

    def answer(request: Request) -> Result:
        image = request.input["image"]
        corners, labels, scores = net.run(request.nets, recipe.tensor(image))
        keep = scores[0] >= request.parameters["threshold"]
        places = corners[0][keep] * np.tile([image.shape[1], image.shape[0]], 2)
        return _boxes(image, places, scores[0][keep], [_coco80(int(n) - 1) for n in labels[0][keep]])

    return answer


def _coco80(index: int) -> str:
    return COCO_80[index] if 0 <= index < 80 else f"class {index}"


def tf_detector(kit: Kit) -> Answer:
    """TensorFlow's detectors: a picture of any size as bytes; boxes y0, x0, y1, x1 in 0…1, classes of COCO's 91."""
    net = kit.net
    boxes, classes, chances = (net.output(n) for n in ("detection_boxes", "detection_classes", "detection_scores"))

    def answer(request: Request) -> Result:
        image = request.input["image"]
        found = net.run(request.nets, fit(image, short=640, longest=1024)[0][None])
        keep = found[chances][0] >= request.parameters["threshold"]
        places = found[boxes][0][keep][:, [1, 0, 3, 2]] * np.tile([image.shape[1], image.shape[0]], 2)
        return _boxes(image, places, found[chances][0][keep],
                      [COCO_91.get(int(n), f"class {int(n)}") for n in found[classes][0][keep]])

    return answer


def rcnn(kit: Kit) -> Answer:
    """Faster and Mask R-CNN of the ONNX zoo: (3, h, w) in BGR less a mean, sides in steps of 32; boxes in pixels of
    what went in. Masks of the second are not answered."""
    net = kit.net

    def answer(request: Request) -> Result:
        image = request.input["image"]
        shaped, factor = fit(image, short=800, longest=1333)
        values = shaped[:, :, ::-1].astype(np.float32) - np.array([102.9801, 115.9465, 122.7717], np.float32)
        high, wide = (-(-n // 32) * 32 for n in shaped.shape[:2])
        padded = np.zeros((3, high, wide), np.float32)
        padded[:, :shaped.shape[0], :shaped.shape[1]] = values.transpose(2, 0, 1)
        corners, labels, scores = net.run(request.nets, padded)[:3]
        keep = scores >= request.parameters["threshold"]
        return _boxes(image, corners[keep] / factor, scores[keep], [_coco80(int(n) - 1) for n in labels[keep]])

    return answer


def faces(kit: Kit) -> Answer:
    """UltraFace: scores (1, n, 2) and corners 0…1 (1, n, 4); overlaps are taken out here."""
    net = kit.net
    recipe = recipe_of(kit, net.inputs[0], scale=1.0, mean=(127.0,), std=(128.0,))
    chances, places = net.output("scores"), net.output("boxes")

    def answer(request: Request) -> Result:
        image = request.input["image"]
        found = net.run(request.nets, recipe.tensor(image))
        value = found[chances][0, :, 1]
        keep = value >= request.parameters["threshold"]
        corners = found[places][0][keep] * np.tile([image.shape[1], image.shape[0]], 2)
        return _boxes(image, corners, value[keep], ["face"] * int(keep.sum()), suppress=True)

    return answer


def _builder(make: Any, task: str = "object-detection", amount: str = "0.2") -> Builder:
    return Builder(make, IMAGE, "boxes", task, "vision", "image", amount, {"input": PICTURE}, parameters=THRESHOLD,
                   libraries=("opencv-contrib-python-headless",))


BUILDERS: dict[str, Builder] = {
    "detect_detr": _builder(detr, amount="0.3"), "detect_yolo2": _builder(yolo2), "detect_yolo3": _builder(yolo3),
    "detect_yolo4": _builder(yolo4), "detect_ssd": _builder(ssd), "detect_tf": _builder(tf_detector),
    "detect_rcnn": _builder(rcnn, amount="0.4"), "detect_faces": _builder(faces, "face-detection"),
}
