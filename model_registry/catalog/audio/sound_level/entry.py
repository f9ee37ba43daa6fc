"""Frequency weighting in the spectrum (exact curves of IEC 61672), levels by blocks of 125 ms."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result

OCTAVES = (31.5, 63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)


def weight(f: np.ndarray, curve: str) -> np.ndarray:
    """Gain of the A or C curve, 1 at 1 kHz."""

    def a(x: np.ndarray | float) -> np.ndarray | float:
        c = 12194.0**2 * x**2 / ((x**2 + 20.6**2) * (x**2 + 12194.0**2))
        return c if curve == "C" else c * x**2 / np.sqrt((x**2 + 107.7**2) * (x**2 + 737.9**2))

    return np.asarray(a(f) / a(1000.0))


def run(request: Request) -> Result:
    audio, zero = request.input["audio"], request.parameters["full_scale_db"]
    x = audio.samples.astype(np.float64)
    if len(x) < audio.rate // 4:
        raise InvalidInput("at least a quarter of a second is needed", field="audio")
    spectrum, f = np.fft.rfft(x), np.fft.rfftfreq(len(x), 1 / audio.rate)
    unit = "dBFS" if zero == 0 else "dB"

    def level(power: float) -> float:
        # A sine at full scale is 0 dBFS: its mean square is one half.
        return round(float(10 * np.log10(max(2 * power, 1e-14)) + zero), 3)

    weighted = {c: np.fft.irfft(spectrum * weight(f, c), len(x)) for c in "AC"}
    size = max(audio.rate // 8, 1)
    blocks = (weighted["A"][: len(x) // size * size].reshape(-1, size) ** 2).mean(1)
    levels = np.sort([level(float(b)) for b in blocks])
    values = [
        {"name": "LAeq", "value": level(float((weighted["A"] ** 2).mean())), "unit": unit},
        {"name": "LCeq", "value": level(float((weighted["C"] ** 2).mean())), "unit": unit},
        {"name": "LZeq", "value": level(float((x**2).mean())), "unit": unit},
        {"name": "LAmax", "value": float(levels[-1]), "unit": unit, "note": "of 125 ms"},
        {"name": "LA10", "value": float(np.percentile(levels, 90)), "unit": unit, "note": "exceeded 10 % of the time"},
        {"name": "LA90", "value": float(np.percentile(levels, 10)), "unit": unit, "note": "exceeded 90 % of the time"},
    ]
    power = np.abs(spectrum) ** 2 / len(x) ** 2 * 2
    for centre in OCTAVES:
        inside = (f >= centre / np.sqrt(2)) & (f < centre * np.sqrt(2))
        if inside.any() and centre * np.sqrt(2) <= audio.rate / 2:
            values.append({"name": f"octave_{centre:g}_hz", "value": level(float(power[inside].sum())), "unit": unit})
    return Result({"values": values})
