"""Turns the eyes level, cuts so that the head takes two thirds of the height, and lays a plain ground behind."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, image_result
from model_registry.catalog_kit.people import the_face

COLOURS = {"white": (250, 250, 250), "light-grey": (215, 218, 222), "blue": (67, 142, 219), "red": (200, 30, 40)}
HEAD, EYES = 0.66, 0.45  # shares of the height: crown to chin, and from the top to the eyes


def run(request: Request) -> Result:
    image, parameters = request.input["image"], request.parameters
    points = the_face(request.nets, image).points
    small = cv2.resize(image, (256, 256), interpolation=cv2.INTER_AREA)[None].astype(np.float32) / 255
    share = request.nets.run("selfie-segmentation", {"input": small})["activation_10"][0, :, :, 0]
    share = cv2.resize(share, image.shape[1::-1], interpolation=cv2.INTER_LINEAR).clip(0, 1)[..., None]
    colour = COLOURS[parameters["background"]]
    mixed = (image * share + np.array(colour) * (1 - share)).astype(np.uint8)

    wide_mm, high_mm = (int(v) for v in parameters["size"].split("x"))
    high = int(parameters["height"])
    wide = round(high * wide_mm / high_mm)
    across = points[263] - points[33]
    roll = float(np.degrees(np.arctan2(across[1], across[0])))
    head = float(np.hypot(*(points[152] - points[10])[:2])) * 1.25
    scale = HEAD * high / head
    centre = points[[33, 263], :2].mean(0)
    matrix = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), roll, scale)
    matrix[:, 2] += np.array([wide / 2, EYES * high]) - centre
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    made = cv2.warpAffine(mixed, matrix, (wide, high), flags=flags, borderValue=colour)
    warnings = ["the face is small in the picture; the result is soft"] if scale > 2 else []
    return image_result(made, {"turned_by": round(roll, 2), "scale": round(scale, 3)}, warnings=warnings)
