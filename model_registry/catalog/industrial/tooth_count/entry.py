"""The outline's distance from its middle, as a wave round the wheel: its strongest frequency is the number of teeth."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, at_least, check, to_grey

STEPS = 2048


def run(request: Request) -> Result:
    at_least(request.input["image"], 40)
    grey = cv2.GaussianBlur(to_grey(request.input["image"]), (0, 0), 1)
    _, solid = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    rim = np.concatenate([solid[0], solid[-1], solid[:, 0], solid[:, -1]]).mean() > 127
    wanted = request.parameters["polarity"]
    if wanted == "dark" or (wanted == "auto" and rim):  # the ground lies at the rim of the picture
        solid = 255 - solid
    outlines = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    outline = max(outlines, key=cv2.contourArea, default=None)
    if outline is None or cv2.contourArea(outline) < 0.02 * solid.size:
        raise InvalidInput("no wheel found", field="image")
    (x, y), _ = cv2.minEnclosingCircle(outline)
    points = outline[:, 0].astype(np.float64) - (x, y)
    angles, reach = np.arctan2(points[:, 1], points[:, 0]), np.hypot(*points.T)
    # The outermost point of each direction, so that undercuts don't fold the wave.
    bins = ((angles + np.pi) / (2 * np.pi) * STEPS).astype(int) % STEPS
    wave = np.zeros(STEPS)
    np.maximum.at(wave, bins, reach)
    known = np.flatnonzero(wave)
    wave = np.interp(np.arange(STEPS), known, wave[known], period=STEPS)
    wave = cv2.GaussianBlur(np.r_[wave, wave, wave][None], (0, 0), 5)[0, STEPS:2 * STEPS]
    wave -= wave.mean()
    power = np.abs(np.fft.rfft(wave)) ** 2
    power[:3] = 0
    strongest = int(power[:STEPS // 4].argmax())
    regular = float(power[strongest::strongest].sum() / max(power.sum(), 1e-9)) if strongest else 0.0
    # Counted one by one: crossings of the middle of each tooth's height, low and high apart.
    low, high = np.percentile(wave, (10, 90))
    state, count, rises = wave[0] > 0, 0, []
    for i, value in enumerate(np.r_[wave, wave[:1]]):
        if not state and value > low + 0.65 * (high - low):
            state, count = True, count + 1
            rises.append(i)
        elif state and value < low + 0.35 * (high - low):
            state = False
    gaps = np.diff([*rises, rises[0] + STEPS]) if rises else np.array([])
    wide = int((gaps > 1.6 * np.median(gaps)).sum()) if len(gaps) > 3 else 0
    missing = int(np.sum(np.round(gaps[gaps > 1.6 * np.median(gaps)] / np.median(gaps)) - 1)) if wide else 0
    good = wide == 0 and count == strongest
    return Result({"verdict": "regular" if good else "irregular", "score": round(regular, 4), "checks": [
        check("teeth", None, count, "counted one by one"),
        check("frequency", count + missing == strongest, strongest, "strongest wave round the wheel"),
        check("no gap", wide == 0, missing, "teeth missing by the width of gaps"),
        check("radius", None, round(float(reach.max()), 1), "pixels"),
    ]}, warnings=[] if regular > 0.3 else ["no clear teeth"])
