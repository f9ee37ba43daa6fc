"""Puts a person before a plain colour or a blurred version of the same scene."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, encode_png

SIZE = 256


def run(request: Request) -> Result:
    image, parameters = request.input["image"], request.parameters
    height, width = image.shape[:2]
    pixels = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA)[None].astype(np.float32) / 255
    share = request.nets.run("selfie-segmentation", {"input": pixels})["activation_10"][0, :, :, 0]
    alpha = np.clip(cv2.resize(share, (width, height)), 0, 1)[..., None]
    if not (alpha > 0.5).any():
        raise InvalidInput("no person in the picture", field="image")
    if parameters["mode"] == "blur":
        behind = cv2.GaussianBlur(image, (0, 0), max(width, height) / 40).astype(np.float32)
    else:
        behind = np.broadcast_to(np.float32(_colour(parameters["colour"])), image.shape)
    mixed = image * alpha + behind * (1 - alpha)
    result = Result({"width": width, "height": height, "values": {"person_share": round(float(alpha.mean()), 4)}})
    result.output["image"] = result.add_media("image/png", encode_png(mixed.round().astype(np.uint8)))
    return result


def _colour(text: str) -> tuple[int, int, int]:
    digits = text.removeprefix("#")
    try:
        if len(digits) != 6:
            raise ValueError
        value = int(digits, 16)
    except ValueError:
        raise InvalidInput("write the colour as #rrggbb", field="/parameters/colour") from None
    return value >> 16, value >> 8 & 255, value & 255
