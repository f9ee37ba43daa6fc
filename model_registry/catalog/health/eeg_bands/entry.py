"""Band power by Welch's method, above the 1/f floor where asked."""

from __future__ import annotations

import numpy as np
from scipy.signal import welch

from model_registry.catalog_kit import InvalidInput, Request, Result

BANDS = {"delta": (1, 4), "theta": (4, 8), "alpha": (8, 13), "beta": (13, 30), "gamma": (30, 45)}


def run(request: Request) -> Result:
    x, rate = request.input["eeg"].values, request.parameters["rate"]
    if len(x) < 4 * rate:
        raise InvalidInput("at least four seconds are needed", field="eeg")
    if not np.isfinite(x.std()) or x.std() == 0:
        raise InvalidInput("the signal does not vary, or its numbers are too large", field="eeg")
    frequency, power = welch(x - x.mean(), rate, nperseg=int(min(4 * rate, len(x))), detrend="linear")
    step = frequency[1] - frequency[0]
    bands = {n: float(power[(frequency >= a) & (frequency < b)].sum() * step) for n, (a, b) in BANDS.items()}
    total = sum(bands.values())
    alpha = (frequency >= 7) & (frequency <= 14)
    floor = np.exp(
        np.polyval(
            np.polyfit(
                np.log(frequency[(frequency >= 2) & (frequency <= 40)]),
                np.log(power[(frequency >= 2) & (frequency <= 40)] + 1e-30),
                1,
            ),
            np.log(np.maximum(frequency, step)),
        )
    )
    over = power / np.maximum(floor, 1e-30)
    values = [
        {"name": n, "value": float(f"{v:.6g}"), "unit": "unit²", "note": f"{100 * v / total:.1f} %"}
        for n, v in bands.items()
    ]
    values += [
        {
            "name": "alpha_peak",
            "value": round(float(frequency[alpha][np.argmax(over[alpha])]), 3),
            "unit": "Hz",
            "note": f"{float(over[alpha].max()):.1f} times the floor",
        },
        {"name": "alpha_over_theta", "value": round(bands["alpha"] / max(bands["theta"], 1e-30), 4)},
    ]
    mains = [m for m in (50, 60) if m < 0.48 * rate]
    if mains:
        hum = max(
            float(power[np.abs(frequency - m) < 0.6].max() / max(np.median(power[np.abs(frequency - m) < 5]), 1e-30))
            for m in mains
        )
        values.append({"name": "mains_hum", "value": round(hum, 3), "note": "times its surroundings"})
    return Result({"values": values, "shares": {n: round(v / total, 6) for n, v in bands.items()}})
