"""Horn's gradients of a height picture, as slope in degrees, aspect, or shade under a sun."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, image_result, to_grey


def run(request: Request) -> Result:
    at_least(request.input["image"], 4)
    p = request.parameters
    height = to_grey(request.input["image"]).astype(np.float32) * p["metres_per_grey"]
    east, south = (cv2.Sobel(height, cv2.CV_32F, *d, ksize=3) / (8 * p["metres_per_pixel"]) for d in ((1, 0), (0, 1)))
    slope = np.arctan(np.hypot(east, south))
    aspect = np.degrees(np.arctan2(-east, south)) % 360  # the way water flows, clockwise from north
    if p["product"] == "slope":
        shown = np.degrees(slope) / 90 * 255
    elif p["product"] == "aspect":
        hsv = np.stack([aspect / 2, np.full_like(aspect, 255), np.clip(np.degrees(slope) * 12, 0, 255)], -1)
        shown = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)
    else:
        zenith, azimuth = np.radians(90 - p["altitude"]), np.radians(p["azimuth"])
        light = np.cos(zenith) * np.cos(slope) + np.sin(zenith) * np.sin(slope) * np.cos(azimuth - np.radians(aspect))
        shown = np.clip(light, 0, 1) * 255
    middle = (slice(1, -1), slice(1, -1))  # the rim has no neighbours
    steep = np.degrees(slope[middle])
    facing = np.radians(aspect[middle])
    weight = np.sin(slope[middle])
    main = np.degrees(np.arctan2((np.sin(facing) * weight).sum(), (np.cos(facing) * weight).sum())) % 360
    return image_result(shown, {"mean_slope": round(float(steep.mean()), 3), "steepest": round(float(steep.max()), 3),
                                "main_aspect": round(float(main), 2),
                                "height_range_m": round(float(np.ptp(height)), 3)})
