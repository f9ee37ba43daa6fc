"""Finds the dial as the best circle, and the pointer as the direction with most ink from the middle outwards."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, at_least, shrink, to_grey, value_list

LONGEST, STEPS = 500, 1440


def run(request: Request) -> Result:
    at_least(request.input["image"], 48)
    p = request.parameters
    if abs(p["start_angle"] - p["end_angle"]) < 10 or abs(p["start_angle"] - p["end_angle"]) > 360:
        raise InvalidInput("the scale must span 10 to 360 degrees", field="/parameters/end_angle")
    grey, factor = shrink(to_grey(request.input["image"]), LONGEST)
    side = min(grey.shape)
    circles = cv2.HoughCircles(cv2.GaussianBlur(grey, (0, 0), 2), cv2.HOUGH_GRADIENT, 1.5, side, param1=120, param2=50,
                               minRadius=side // 5, maxRadius=side // 2 + 10)
    if circles is None:
        raise InvalidInput("no round dial found", field="image")
    x, y, radius = (float(v) for v in circles[0, 0])
    angles = np.arange(STEPS) / STEPS * 2 * np.pi
    reach = np.linspace(0.25, 0.62, 40) * radius  # clear of the hub and of the marks
    columns, rows = x + np.outer(np.cos(angles), reach), y - np.outer(np.sin(angles), reach)
    ink = 255 - cv2.remap(grey, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR,
                          borderValue=255).astype(np.float64)
    dark = np.clip(ink - np.median(ink), 0, None)
    # A pointer is dark all the way, so the weaker parts of a ray count, not its mean.
    score = np.percentile(dark, 20, axis=1)
    kernel = np.hanning(13) / np.hanning(13).sum()
    score = np.convolve(np.r_[score[-6:], score, score[:6]], kernel, "valid")
    best = int(score.argmax())
    if score[best] < 20:
        raise InvalidInput("no dark pointer found on the dial", field="image")
    near = np.arange(best - 14, best + 15)
    weight = score[near % STEPS] ** 2
    angle = float((near * weight).sum() / weight.sum()) / STEPS * 360
    span = p["end_angle"] - p["start_angle"]
    share = ((angle - p["start_angle"]) * np.sign(span)) % 360 / abs(span)
    if share > 1:  # beyond the end or before the start, whichever is nearer
        share = 1.0 if share - 1 < (360 / abs(span) - share) else 0.0
    value = p["minimum"] + share * (p["maximum"] - p["minimum"])
    rest = np.delete(score, near % STEPS)
    return Result({"values": value_list(
        value=round(float(value), 4), angle=(round(angle % 360, 2), "°"), share=round(float(share), 4),
        clearness=round(float(1 - rest.max() / score[best]), 3),
        dial=[round(v / factor, 1) for v in (x, y, radius)])})
