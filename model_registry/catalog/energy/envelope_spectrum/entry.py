"""Envelope spectrum of a band, and the level of each fault frequency's harmonics over the floor."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, hilbert, sosfiltfilt

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    x, p = request.input["vibration"].values, request.parameters
    rate, turn = p["rate"], p["rpm"] / 60
    low, high = p["band_low"], min(p["band_high"], 0.49 * rate)
    if not 0 < low < high:
        raise InvalidInput("the band must lie below half the sampling rate", field="/parameters/band_low")
    if len(x) / rate < 8 / turn:
        raise InvalidInput("at least eight turns of the shaft are needed", field="vibration")
    if not np.isfinite(x.std()) or x.std() == 0:
        raise InvalidInput("the signal does not vary, or its numbers are too large", field="vibration")
    ratio = p["ball_diameter"] / p["pitch_diameter"] * np.cos(np.radians(p["contact_angle"]))
    if ratio >= 1:
        raise InvalidInput("the ball must be smaller than the pitch circle", field="/parameters/ball_diameter")
    n = p["balls"]
    lines = {
        "outer race": n / 2 * turn * (1 - ratio),
        "inner race": n / 2 * turn * (1 + ratio),
        "ball": p["pitch_diameter"] / (2 * p["ball_diameter"]) * turn * (1 - ratio**2),
        "cage": turn / 2 * (1 - ratio),
    }
    band = sosfiltfilt(butter(4, [low, high], "band", fs=rate, output="sos"), (x - x.mean()) / x.std())
    envelope = np.abs(hilbert(band)) ** 2
    size = 4 * len(x)
    spectrum = np.abs(np.fft.rfft((envelope - envelope.mean()) * np.hanning(len(x)), size))
    frequency = np.fft.rfftfreq(size, 1 / rate)
    width = max(2 * rate / len(x), 1e-9)
    found = []
    for name, line in lines.items():
        rises = []
        for harmonic in (1, 2, 3):
            at = harmonic * line
            near = np.abs(frequency - at) <= max(0.015 * at, width)
            round_about = (np.abs(frequency - at) <= 0.25 * line + 6 * width) & ~near
            if near.any() and round_about.any() and at < frequency[-1]:
                rises.append(float(spectrum[near].max() / max(np.median(spectrum[round_about]), 1e-30)))
        level = 20 * np.log10(max(np.exp(np.mean(np.log(rises))), 1e-6)) if rises else 0.0
        found.append(
            {"name": name, "value": round(float(line), 4), "unit": "Hz", "note": f"{level:.1f} dB over the floor"}
        )
        found[-1]["level"] = level
    best = max(found, key=lambda f: f["level"])
    verdict = best["name"] if best["level"] >= p["threshold_db"] else "none"
    values = [{k: v for k, v in f.items() if k != "level"} for f in found]
    return Result(
        {
            "values": [{"name": "verdict", "value": verdict}, *values],
            "levels": {f["name"]: round(f["level"], 2) for f in found},
        }
    )
