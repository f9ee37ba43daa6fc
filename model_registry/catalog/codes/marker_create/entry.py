"""A marker with a light rim of one module, as detectors need it."""

from __future__ import annotations

import cv2

from model_registry.catalog_kit import InvalidInput, Request, Result, image_result

# family → dictionary, modules a side with the black rim
FAMILIES = {"4x4": (cv2.aruco.DICT_4X4_250, 6), "5x5": (cv2.aruco.DICT_5X5_250, 7), "6x6": (cv2.aruco.DICT_6X6_250, 8),
            "apriltag-36h11": (cv2.aruco.DICT_APRILTAG_36h11, 8), "apriltag-25h9": (cv2.aruco.DICT_APRILTAG_25h9, 7)}


def run(request: Request) -> Result:
    number, family = request.input["number"], request.parameters["family"]
    name, modules = FAMILIES[family]
    dictionary = cv2.aruco.getPredefinedDictionary(name)
    most = dictionary.bytesList.shape[0] - 1
    if number > most:
        raise InvalidInput(f"{family} has numbers up to {most}", field="number")
    module = max(1, request.parameters["size"] // (modules + 2))
    marker = cv2.aruco.generateImageMarker(dictionary, number, module * modules)
    drawn = cv2.copyMakeBorder(marker, module, module, module, module, cv2.BORDER_CONSTANT, value=255)
    return image_result(drawn, {"family": family, "number": number, "modules": modules})
