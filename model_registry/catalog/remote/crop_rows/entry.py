"""The strongest wave in the spectrum of the excess-green index gives direction and spacing of the rows."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, shrink, value_list

LONGEST, SIDE = 700, 1024


def run(request: Request) -> Result:
    at_least(request.input["image"], 48)
    image, factor = shrink(request.input["image"], LONGEST)
    red, green, blue = (image[..., i].astype(np.float32) for i in range(3))
    index = 2 * green - red - blue
    if float(index.std()) < 2:  # no colour to tell plants by
        index = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    index -= cv2.GaussianBlur(index, (0, 0), max(image.shape[:2]) / 6)
    window = cv2.createHanningWindow(index.shape[::-1], cv2.CV_32F)
    power = np.abs(np.fft.fftshift(np.fft.fft2(index * window, (SIDE, SIDE)))) ** 2
    y, x = np.mgrid[-SIDE // 2:SIDE // 2, -SIDE // 2:SIDE // 2] / SIDE
    reach = np.hypot(x, y)
    shortest, longest = 4, min(image.shape[:2]) / 3
    band = (reach > 1 / longest) & (reach < 1 / shortest) & (x >= 0)
    power[~band] = 0
    row, column = np.unravel_index(int(power.argmax()), power.shape)
    fx, fy = float(x[row, column]), float(y[row, column])
    near = np.hypot(x - fx, y - fy) < 3 / min(image.shape[:2])
    clear = float(power[near].sum() / max(power.sum(), 1e-9))
    spacing = 1 / np.hypot(fx, fy) / factor
    direction = (np.degrees(np.arctan2(-fy, fx)) + 90) % 180
    scale = float(request.parameters["centimetres_per_pixel"])
    warnings = [] if clear > 0.15 else ["no clear rows"]
    return Result({"values": value_list(
        direction=(round(float(direction), 2), "°"), spacing=(round(float(spacing * scale), 3), "cm"),
        spacing_px=(round(float(spacing), 2), "px"), clearness=round(clear, 4))}, warnings=warnings)
