"""Every marker drawn must be read again by OpenCV's detector."""

from __future__ import annotations

import cv2

from model_registry.catalog_kit.quality import Ask, Measure

NAMES = {"4x4": cv2.aruco.DICT_4X4_250, "5x5": cv2.aruco.DICT_5X5_250, "6x6": cv2.aruco.DICT_6X6_250,
         "apriltag-36h11": cv2.aruco.DICT_APRILTAG_36h11, "apriltag-25h9": cv2.aruco.DICT_APRILTAG_25h9}


def measure(ask: Ask) -> list[Measure]:
    right = total = 0
    for family, name in NAMES.items():
        detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(name))
        for number in (0, 7, 23, 34):
            drawn = ask(number=number, parameters={"family": family}).image()
            framed = cv2.copyMakeBorder(drawn, 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=255)
            found = detector.detectMarkers(framed)[1]
            right += found is not None and found.ravel().tolist() == [number]
            total += 1
    return [Measure("markers read again", 100 * right / total, "%", data="20 markers of five families", at_least=100)]
