"""Pictures to pictures: classes of pixels, cut-outs, depth, enlargement, style."""

from __future__ import annotations

from typing import Any

import numpy as np

from model_registry.catalog_kit.answers import image_result, mask_result
from model_registry.catalog_kit.images import encode_png
from model_registry.catalog_kit.types import Request, Result
from model_registry.hub.builders.pixels import IMAGENET_MEAN, IMAGENET_STD, Image, fit, recipe_of, resize, standard
from model_registry.hub.builders.vision import IMAGE, PICTURE
from model_registry.hub.builders.vision_boxes import VOC_20
from model_registry.hub.kit import Answer, Array, Builder, Kit, sigmoid

VOC_21 = ("background", *VOC_20)
TILE = 224  # of the style and luminance nets, which take this size only


def segment(kit: Kit) -> Answer:
    """Scores (1, classes, h, w) to a picture of classes in colours, and the share of each. Options: `image`,
    `short` and `longest` where any size is taken."""
    net = kit.net
    recipe = recipe_of(kit, net.inputs[0], mean=IMAGENET_MEAN, std=IMAGENET_STD)
    short, longest = int(kit.options.get("short", 0)), int(kit.options.get("longest", 0))
    names = kit.labels or list(VOC_21)

    def answer(request: Request) -> Result:
        image = request.input["image"]
        if short:
            shaped, _ = fit(image, short=short, longest=longest, multiple=8)
            values = standard(shaped)
        else:
            values = recipe.tensor(image)
        scores = net.run(request.nets, values)[0][0]
        classes = resize(scores.argmax(axis=0).astype(np.uint8), image.shape[:2], "nearest")
        found, counts = np.unique(classes, return_counts=True)
        shares = {(names[n] if n < len(names) else f"class {n}"): round(float(c) / classes.size, 5)
                  for n, c in sorted(zip(found.tolist(), counts.tolist(), strict=True), key=lambda p: -p[1])}
        return image_result(_palette()[classes], {"shares": shares})

    return answer


def _palette() -> Image:
    """256 colours that differ in their first few (the bits of the number spread over the channels); 0 is black."""
    table = np.zeros((256, 3), np.uint8)
    numbers = np.arange(256)
    for bit in range(8):
        for channel in range(3):
            table[:, channel] |= (((numbers >> channel) & 1) << (7 - bit)).astype(np.uint8)
        numbers >>= 3
    return table


def cut_out(kit: Kit) -> Answer:
    """How much each pixel belongs to the subject (0…1): a mask, and the subject on nothing as a file. Options: `image`,
    `activation` sigmoid where the net answers raw numbers, `short`, `multiple`."""
    net = kit.net
    recipe = recipe_of(kit, net.inputs[0], size=512, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    short, multiple = int(kit.options.get("short", 0)), int(kit.options.get("multiple", 32))

    def answer(request: Request) -> Result:
        image = request.input["image"]
        if short:
            shaped, _ = fit(image, short=short, longest=4 * short, multiple=multiple)
            values = standard(shaped, recipe.mean, recipe.std)
        else:
            values = recipe.tensor(image)
        alpha = net.run(request.nets, values)[-1].astype(np.float64)
        alpha = alpha.reshape(alpha.shape[-2:])
        if kit.options.get("activation") == "sigmoid":
            alpha = sigmoid(alpha)
        full = np.clip(resize(alpha.astype(np.float32), image.shape[:2]), 0, 1)
        result = mask_result(full >= 0.5)
        layer = np.dstack([image, np.rint(full * 255).astype(np.uint8)])
        result.output["values"] = {"cut_out": result.add_media("image/png", encode_png(layer))}
        return result

    return answer


def depth(kit: Kit) -> Answer:
    """One number a pixel as grey, bright is near. Options: `image`, `nearest` "low" where the net answers distances."""
    net = kit.net
    recipe = recipe_of(kit, net.inputs[0], size=518, mean=IMAGENET_MEAN, std=IMAGENET_STD)
    low = kit.options.get("nearest") == "low"

    def answer(request: Request) -> Result:
        image = request.input["image"]
        found = net.run(request.nets, recipe.tensor(image))[0].astype(np.float64)
        found = resize(found.reshape(found.shape[-2:]).astype(np.float32), image.shape[:2])
        least, most = float(found.min()), float(found.max())
        shares = (found - least) / (most - least) if most > least else np.zeros_like(found)
        return image_result((1 - shares if low else shares) * 255, {
            "least": round(least, 5), "most": round(most, 5), "bright": "near",
            "scale": "metres" if low and kit.options.get("metric") else "relative"})

    return answer


def enlarge(kit: Kit) -> Answer:
    """Super resolution: RGB 0…1 in and out, at most `pixels` of the input; borders are mirrored to `multiple`."""
    net = kit.net
    multiple, pixels = int(kit.options.get("multiple", 8)), int(kit.options.get("pixels", 65_536))

    def answer(request: Request) -> Result:
        image = request.input["image"]
        warnings = []
        if image.shape[0] * image.shape[1] > pixels:
            factor = (pixels / (image.shape[0] * image.shape[1])) ** 0.5
            image = resize(image, (max(1, int(image.shape[0] * factor)), max(1, int(image.shape[1] * factor))))
            warnings.append(f"the picture was made smaller first: {image.shape[1]} × {image.shape[0]} are enlarged")
        high, wide = image.shape[:2]
        padded = np.pad(image, ((0, -high % multiple), (0, -wide % multiple), (0, 0)), "symmetric")
        grown = net.run(request.nets, padded.astype(np.float32).transpose(2, 0, 1)[None] / 255)[0][0]
        scale = grown.shape[1] // padded.shape[0]
        cut = grown.transpose(1, 2, 0)[:high * scale, :wide * scale]
        return image_result(cut * 255, {"factor": scale}, warnings=warnings)

    return answer


def enlarge_luminance(kit: Kit) -> Answer:
    """The sub-pixel net: 224 × 224 of luminance in, three times that out; colours are enlarged beside it."""
    net = kit.net

    def answer(request: Request) -> Result:
        import cv2

        small = resize(request.input["image"], (TILE, TILE), "cubic")
        light = cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb)
        found = net.run(request.nets, light[None, None, :, :, 0].astype(np.float32) / 255)[0][0, 0]
        grown: Array = resize(light, found.shape, "cubic").copy()
        grown[:, :, 0] = np.clip(np.rint(found * 255), 0, 255)
        return image_result(cv2.cvtColor(grown, cv2.COLOR_YCrCb2RGB), {"factor": found.shape[0] // TILE},
                            warnings=["this net works on 224 × 224 pixels: the picture was brought to that size"])

    return answer


def stylise(kit: Kit) -> Answer:
    """Fast style transfer: 224 × 224 as 0…255 in and out, drawn at the proportions of the picture."""
    net = kit.net

    def answer(request: Request) -> Result:
        image = request.input["image"]
        values = resize(image, (TILE, TILE)).astype(np.float32).transpose(2, 0, 1)[None]
        drawn = np.clip(net.run(request.nets, values)[0][0].transpose(1, 2, 0), 0, 255).astype(np.float32)
        longest = max(image.shape[:2])
        size = tuple(max(1, round(n * 448 / longest)) for n in image.shape[:2])
        return image_result(resize(drawn, (size[0], size[1]), "cubic"))

    return answer


def _builder(make: Any, output: str, task: str, amount: str) -> Builder:
    return Builder(make, IMAGE, output, task, "vision", "image", amount, {"input": PICTURE},
                   libraries=("opencv-contrib-python-headless",))


BUILDERS: dict[str, Builder] = {
    "segment": _builder(segment, "image", "image-segmentation", "0.3"),
    "cut_out": _builder(cut_out, "mask", "image-segmentation", "0.3"),
    "depth": _builder(depth, "image", "depth-estimation", "0.3"),
    "enlarge": _builder(enlarge, "image", "image-enhancement", "0.5"),
    "enlarge_luminance": _builder(enlarge_luminance, "image", "image-enhancement", "0.15"),
    "stylise": _builder(stylise, "image", "image-editing", "0.15"),
}
