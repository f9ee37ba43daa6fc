"""R peaks by band pass, slope energy and an adaptive threshold; rate and variability from the intervals."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, find_peaks, lombscargle, sosfiltfilt

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    x, rate = request.input["ecg"].values, request.parameters["rate"]
    if len(x) < 4 * rate:
        raise InvalidInput("at least four seconds are needed", field="ecg")
    if not np.isfinite(x.std()) or x.std() == 0:
        raise InvalidInput("the signal does not vary, or its numbers are too large", field="ecg")
    z = (x - np.median(x)) / x.std()
    band = sosfiltfilt(butter(2, [5, min(18, 0.45 * rate)], "band", fs=rate, output="sos"), z)
    width = max(int(0.12 * rate), 1)
    energy = np.convolve(np.gradient(band) ** 2, np.ones(width) / width, "same")
    # The threshold follows the beats: a third of the median of the highest value of each 2 s.
    parts = np.array_split(energy, max(int(len(x) / rate / 2), 1))
    level = 0.3 * float(np.median([p.max() for p in parts]))
    found, _ = find_peaks(energy, height=level, distance=max(int(0.27 * rate), 1))
    reach = max(int(0.08 * rate), 1)
    sign = 1.0 if abs(np.percentile(band, 99.5)) >= abs(np.percentile(band, 0.5)) else -1.0
    peaks = sorted({int(max(i - reach, 0) + np.argmax(sign * band[max(i - reach, 0) : i + reach + 1])) for i in found})
    if len(peaks) < 3:
        raise InvalidInput("no regular beats were found", field="ecg")
    intervals = np.diff(peaks) / rate
    usual = np.median(intervals)
    good = intervals[(intervals > 0.5 * usual) & (intervals < 1.6 * usual) & (intervals > 0.25) & (intervals < 2.5)]
    if len(good) < 2:
        raise InvalidInput("no regular beats were found", field="ecg")
    ms, steps = 1000 * good, np.diff(1000 * good)
    summary = {
        "heart_rate": round(60 / float(good.mean()), 3),
        "beats": len(peaks),
        "mean_rr_ms": round(float(ms.mean()), 3),
        "sdnn_ms": round(float(ms.std(ddof=1)), 3),
        "rmssd_ms": round(float(np.sqrt((steps**2).mean())), 3) if len(steps) else None,
        "pnn50": round(float((np.abs(steps) > 50).mean()), 4) if len(steps) else None,
        "dropped_intervals": len(intervals) - len(good),
    }
    if good.sum() >= 60:
        t = np.cumsum(good)
        frequency = np.linspace(0.04, 0.4, 361)
        power = lombscargle(t, ms - ms.mean(), 2 * np.pi * frequency)
        low, high = float(power[frequency < 0.15].sum()), float(power[frequency >= 0.15].sum())
        summary |= {
            "lf_hf": round(low / high, 4) if high > 0 else None,
            "hf_peak_hz": round(float(frequency[frequency >= 0.15][np.argmax(power[frequency >= 0.15])]), 4),
        }
    shown = range(len(x)) if len(x) <= 6000 else range(6000)
    return Result(
        {
            "values": [round(float(x[i]), 5) for i in shown],
            "summary": summary,
            "anomalies": [
                {"index": i, "value": round(float(x[i]), 5), "score": round(float(energy[i] / level), 3)}
                for i in peaks
                if i in shown
            ],
        },
        warnings=["the drawing shows the first 6,000 points; the figures are of all"] if len(x) > 6000 else [],
    )
