"""Clipping, offset, level, noise floor and bandwidth of a recording."""

from __future__ import annotations

from typing import Any

import numpy as np

from model_registry.catalog_kit import Request, Result


def _db(power: float) -> float:
    return float(10 * np.log10(max(power, 1e-12)))


def run(request: Request) -> Result:
    audio = request.input["audio"]
    x = audio.samples.astype(np.float64)
    frame = max(8, round(0.02 * audio.rate))
    usable = len(x) // frame * frame
    powers = (x[:usable].reshape(-1, frame) ** 2).mean(axis=1) if usable else np.array([np.mean(x**2)])
    level, floor = _db(float(np.mean(x**2))), _db(float(np.quantile(powers, 0.1)))
    peak = float(np.abs(x).max())
    # Clipping shows as neighbours stuck at the extreme value.
    stuck = (np.abs(x) >= 0.999 * peak) & (peak > 0.1)
    clipped = float((stuck[1:] & stuck[:-1]).mean()) if len(x) > 1 else 0.0
    spectrum = np.cumsum(np.abs(np.fft.rfft(x - x.mean())) ** 2)
    share = spectrum / spectrum[-1] if spectrum[-1] > 0 else np.ones_like(spectrum)
    bandwidth = float(np.searchsorted(share, 0.995)) / max(1, len(x)) * audio.rate
    offset = float(abs(x.mean()))
    checks: list[dict[str, Any]] = [
        {"name": "clipping", "passed": clipped < 1e-4, "value": round(clipped, 6), "detail": "share of stuck peaks"},
        {"name": "offset", "passed": offset < 0.01, "value": round(offset, 5), "detail": "mean, of full scale"},
        {"name": "level", "passed": level > -40, "value": round(level, 2), "detail": "dBFS, at least -40"},
        {"name": "noise", "passed": level - floor > 20, "value": round(level - floor, 2),
         "detail": "dB between level and noise floor, at least 20"},
        {"name": "bandwidth", "passed": bandwidth > 3000, "value": round(bandwidth, 1),
         "detail": "Hz below which 99.5 % of the power lies, at least 3,000"},
        {"name": "sample rate", "passed": audio.rate >= 16_000, "value": audio.rate, "detail": "Hz, at least 16,000"}]
    good = sum(c["passed"] for c in checks)
    verdict = "good" if good == len(checks) else "usable" if good >= len(checks) - 2 else "poor"
    return Result({"verdict": verdict, "score": round(good / len(checks), 4), "checks": checks})
