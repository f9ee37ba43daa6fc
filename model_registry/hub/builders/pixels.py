"""From a picture to the tensor that a net was trained on, and back: sizes, crops, means, layouts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_registry.hub.kit import Array, Kit, Port

Image = NDArray[np.uint8]
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CHOICES = {0: "nearest", 1: "lanczos", 2: "linear", 3: "cubic"}  # Pillow's numbers in the hub's configurations


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a picture becomes a tensor."""

    size: tuple[int, int]  # height, width of the tensor
    mode: str = "stretch"  # stretch, crop (shorter side to `short`, middle cut out), letterbox, or fit (see `fit`)
    short: int = 0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    scale: float = 1 / 255  # applied before mean and std
    order: str = "rgb"  # bgr, grey
    layout: str = "nchw"
    resample: str = "linear"
    invert: bool = False
    fill: int = 0  # of a letterbox's borders

    def tensor(self, image: Image) -> Array:
        """One picture as a batch of one."""
        shaped = self.shape(image)
        if self.order == "grey":
            shaped = _grey(shaped)[:, :, None]
        elif self.order == "bgr":
            shaped = shaped[:, :, ::-1]
        values: Array = (255 - shaped if self.invert else shaped).astype(np.float32) * np.float32(self.scale)
        values = (values - np.asarray(self.mean, np.float32)) / np.asarray(self.std, np.float32)
        return values[None] if self.layout == "nhwc" else values.transpose(2, 0, 1)[None]

    def shape(self, image: Image) -> Image:
        high, wide = self.size
        if self.mode == "crop":
            return crop_middle(image, self.short or min(self.size), self.size, self.resample)
        if self.mode == "letterbox":
            return letterbox(image, self.size, self.fill)[0]
        shaped: Image = resize(image, (high, wide), self.resample)
        return shaped


def recipe_of(kit: Kit, port: Port | None = None, **given: Any) -> Recipe:
    """The recipe of a model: `given`, under the hub's preprocessor_config.json, under the entry's `image` options.

    The tensor's own fixed height and width, where it has them, decide the size.
    """
    known = {**given, **_of_configuration(kit.read("preprocessor_config.json")), **kit.options.get("image", {})}
    if port is not None and len(port.shape) == 4:
        if "layout" not in known:
            known["layout"] = "nhwc" if port.shape[3] in (1, 3) and port.shape[1] not in (1, 3) else "nchw"
        fixed = port.shape[1:3] if known["layout"] == "nhwc" else port.shape[2:4]
        if min(fixed) > 0:
            known["size"] = fixed
    if isinstance(known.get("size"), int):
        known["size"] = (known["size"], known["size"])
    known.setdefault("size", (224, 224))
    words: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in known.items()}
    return Recipe(**words)


def standard(image: Image, mean: Any = IMAGENET_MEAN, std: Any = IMAGENET_STD) -> Array:
    """Bytes as 0…1 less the mean, by the deviation: a batch of one, channels first."""
    values = (image.astype(np.float32) / 255 - np.asarray(mean, np.float32)) / np.asarray(std, np.float32)
    return values.transpose(2, 0, 1)[None]


def _of_configuration(found: dict[str, Any]) -> dict[str, Any]:
    """What a preprocessor_config.json says, in our words."""
    known: dict[str, Any] = {}
    if not found:
        return known
    size, crop = found.get("size"), found.get("crop_size")
    if isinstance(size, dict):
        if "height" in size:
            known["size"] = (int(size["height"]), int(size["width"]))
        elif "shortest_edge" in size:
            known["short"] = int(size["shortest_edge"])
            known["size"] = (known["short"], known["short"])
    elif isinstance(size, int):
        known["size"], known["short"] = (size, size), size
    elif isinstance(size, list) and len(size) == 2:
        known["size"] = (int(size[1]), int(size[0]))
    if found.get("crop_pct") and known.get("short", 384) < 384:  # ConvNeXt: larger ones are not cropped
        known["short"], known["mode"] = round(known["short"] / float(found["crop_pct"])), "crop"
    if found.get("do_center_crop") and crop:
        box = crop if isinstance(crop, dict) else {"height": crop, "width": crop}
        known["mode"] = "crop"
        known.setdefault("short", max(known.get("size", (0, 0))))
        known["size"] = (int(box["height"]), int(box["width"]))
    if found.get("do_rescale", True):
        known["scale"] = float(found.get("rescale_factor") or 1 / 255)
    else:
        known["scale"] = 1 / 255 if found.get("do_normalize") else 1.0
    if found.get("do_normalize", False):
        known["mean"], known["std"] = tuple(found["image_mean"]), tuple(found["image_std"])
    if found.get("do_flip_channel_order"):
        known["order"] = "bgr"
    if "resample" in found:
        known["resample"] = CHOICES.get(found["resample"], "linear")
    return known


def resize(image: Array, size: tuple[int, int], resample: str = "linear") -> Any:
    """To height, width. Where it shrinks, every pixel counts (area), as Pillow does and OpenCV's linear does not."""
    import cv2

    high, wide = size
    if image.shape[:2] == (high, wide):
        return image
    shrinks = high < image.shape[0] and wide < image.shape[1]
    how = {"nearest": cv2.INTER_NEAREST, "cubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4}.get(
        resample, cv2.INTER_LINEAR)
    return cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA if shrinks and resample != "nearest" else how)


def crop_middle(image: Image, short: int, size: tuple[int, int], resample: str = "linear") -> Image:
    """The shorter side to `short`, then the middle of `size`."""
    factor = max(short, *size) / min(image.shape[:2])
    grown = resize(image, (max(size[0], round(image.shape[0] * factor)), max(size[1], round(image.shape[1] * factor))),
                   resample)
    y, x = (grown.shape[0] - size[0]) // 2, (grown.shape[1] - size[1]) // 2
    cut: Image = grown[y:y + size[0], x:x + size[1]]
    return cut


def letterbox(image: Image, size: tuple[int, int], fill: int = 0) -> tuple[Image, float, int, int]:
    """The whole picture in a frame of `size`: frame, factor, and the borders at the left and the top."""
    factor = min(size[0] / image.shape[0], size[1] / image.shape[1])
    inner = resize(image, (max(1, round(image.shape[0] * factor)), max(1, round(image.shape[1] * factor))))
    frame = np.full((*size, 3), fill, np.uint8)
    y, x = (size[0] - inner.shape[0]) // 2, (size[1] - inner.shape[1]) // 2
    frame[y:y + inner.shape[0], x:x + inner.shape[1]] = inner
    return frame, factor, x, y


def fit(image: Image, *, short: int, longest: int, multiple: int = 1) -> tuple[Image, float]:
    """The shorter side to `short` unless the longer one would pass `longest`; sides rounded to `multiple`."""
    factor = min(short / min(image.shape[:2]), longest / max(image.shape[:2]))
    high, wide = (max(multiple, round(n * factor / multiple) * multiple) for n in image.shape[:2])
    return resize(image, (high, wide)), factor


def _grey(image: Image) -> Image:
    import cv2

    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
