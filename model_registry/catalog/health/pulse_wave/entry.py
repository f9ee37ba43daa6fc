"""Beats of the filtered pulse wave; breathing from the wander of its level and of the intervals."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, find_peaks, sosfiltfilt, welch

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    x, rate = request.input["ppg"].values, request.parameters["rate"]
    if len(x) < 20 * rate:
        raise InvalidInput("at least twenty seconds are needed", field="ppg")
    if not np.isfinite(x.std()) or x.std() == 0:
        raise InvalidInput("the signal does not vary, or its numbers are too large", field="ppg")
    z = (x - x.mean()) / x.std()
    band = sosfiltfilt(butter(2, [0.6, min(4.0, 0.45 * rate)], "band", fs=rate, output="sos"), z)
    frequency, power = welch(band, rate, nperseg=min(len(x), int(20 * rate)), nfft=8 * int(20 * rate))
    inside = (frequency > 0.6) & (frequency < 3.7)
    main = float(frequency[inside][np.argmax(power[inside])])
    peaks, _ = find_peaks(band, distance=max(int(0.6 * rate / main), 1), prominence=0.25 * band.std())
    if len(peaks) < 8:
        raise InvalidInput("no regular pulse was found", field="ppg")
    intervals = np.diff(peaks) / rate
    good = intervals[np.abs(intervals / np.median(intervals) - 1) < 0.3]
    beats = np.array(
        [
            band[max(p - int(0.25 * rate), 0) : p + int(0.35 * rate)]
            for p in peaks
            if p >= int(0.25 * rate) and p + int(0.35 * rate) <= len(band)
        ]
    )
    shape = beats.mean(0)
    quality = float(np.mean([np.corrcoef(b, shape)[0, 1] for b in beats])) if len(beats) > 2 else 0.0
    slow = sosfiltfilt(butter(2, [0.1, 0.5], "band", fs=rate, output="sos"), z)
    frequency, power = welch(slow, rate, nperseg=min(len(x), int(40 * rate)), nfft=16 * int(40 * rate))
    inside = (frequency > 0.1) & (frequency < 0.5)
    breath = float(frequency[inside][np.argmax(power[inside])])
    strength = float(power[inside].max() / max(np.median(power[inside]), 1e-30))
    return Result(
        {
            "values": [
                {"name": "heart_rate", "value": round(60 / float(good.mean()), 3), "unit": "a minute"},
                {
                    "name": "breathing_rate",
                    "value": round(60 * breath, 3),
                    "unit": "a minute",
                    "note": "clear" if strength > 8 else "unsure",
                },
                {
                    "name": "quality",
                    "value": round(quality, 4),
                    "note": "correlation of each beat with the mean beat; above 0.9 is good",
                },
                {"name": "beats", "value": len(peaks)},
            ]
        },
        warnings=["the signal is poor: move less"] if quality < 0.8 else [],
    )
