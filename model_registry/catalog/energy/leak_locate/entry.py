"""Delay by generalised cross-correlation with phase transform in a band; place from delay and speed."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    a, b, p = request.input["sensor_a"].values, request.input["sensor_b"].values, request.parameters
    if len(a) != len(b):
        raise InvalidInput("the recordings must be of one length", field="sensor_b")
    rate, most = p["rate"], p["distance"] / p["speed"]
    if len(a) / rate < 4 * most:
        raise InvalidInput("the recordings are too short for this distance", field="sensor_a")
    if min(a.std(), b.std()) == 0 or not np.isfinite(a.std() + b.std()):
        raise InvalidInput("a recording does not vary, or its numbers are too large", field="sensor_a")
    # Averaged over parts, so that the phase of what is common stands out.
    part = 1 << int(np.ceil(np.log2(max(8 * most * rate, 512))))
    part = min(part, 1 << int(np.log2(len(a))))
    window, cross = np.hanning(part), 0.0
    power_a = power_b = 0.0
    for at in range(0, len(a) - part + 1, part // 2):
        x, y = (
            np.fft.rfft((s[at : at + part] - s[at : at + part].mean()) * window, 2 * part)
            for s in (a / a.std(), b / b.std())
        )
        cross, power_a, power_b = cross + np.conj(x) * y, power_a + np.abs(x) ** 2, power_b + np.abs(y) ** 2
    frequency = np.fft.rfftfreq(2 * part, 1 / rate)
    band = (frequency >= p["low"]) & (frequency <= min(p["high"], rate / 2))
    if band.sum() < 8:
        raise InvalidInput("the band holds too few frequencies", field="/parameters/low")
    weighted = np.where(band, cross / np.maximum(np.abs(cross), 1e-30), 0)
    finer = 8
    correlation = np.fft.irfft(weighted, 2 * part * finer)
    lags = np.arange(-int(most * rate * finer), int(most * rate * finer) + 1)
    values = correlation[lags]
    best = int(np.argmax(values))
    delay = lags[best] / (rate * finer)
    floor = float(np.median(np.abs(values))) / 0.6745
    coherence = np.abs(cross[band]) ** 2 / np.maximum(power_a[band] * power_b[band], 1e-30)
    place = (p["distance"] - p["speed"] * delay) / 2
    return Result(
        {
            "values": [
                {"name": "from_sensor_a", "value": round(float(place), 4), "unit": "m"},
                {"name": "from_sensor_b", "value": round(float(p["distance"] - place), 4), "unit": "m"},
                {
                    "name": "delay",
                    "value": round(float(1000 * delay), 5),
                    "unit": "ms",
                    "note": "sensor B hears it later",
                },
                {
                    "name": "peak_over_floor",
                    "value": round(float(values[best] / max(floor, 1e-30)), 3),
                    "note": "above about 8 is clear",
                },
                {"name": "coherence", "value": round(float(coherence.mean()), 4)},
            ]
        }
    )
