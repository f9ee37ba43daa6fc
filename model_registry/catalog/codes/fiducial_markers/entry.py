"""OpenCV's detector with sub-pixel corners."""

from __future__ import annotations

import cv2

from model_registry.catalog_kit import Request, Result, to_grey

FAMILIES = {"4x4": cv2.aruco.DICT_4X4_250, "5x5": cv2.aruco.DICT_5X5_250, "6x6": cv2.aruco.DICT_6X6_250,
            "apriltag-36h11": cv2.aruco.DICT_APRILTAG_36h11, "apriltag-25h9": cv2.aruco.DICT_APRILTAG_25h9}


def run(request: Request) -> Result:
    image, family = request.input["image"], request.parameters["family"]
    settings = cv2.aruco.DetectorParameters()
    settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(FAMILIES[family]), settings)
    found: list[dict[str, object]] = []
    if min(image.shape[:2]) >= 16:
        corners, numbers, _ = detector.detectMarkers(to_grey(image))
        for polygon, number in zip(corners, [] if numbers is None else numbers.ravel(), strict=True):
            found.append({"format": family, "text": str(int(number)),
                          "polygon": [[round(float(x), 2), round(float(y), 2)] for x, y in polygon[0]]})
    found.sort(key=lambda c: int(str(c["text"])))
    return Result({"width": int(image.shape[1]), "height": int(image.shape[0]), "codes": found},
                  warnings=[] if found else ["no marker found"])
