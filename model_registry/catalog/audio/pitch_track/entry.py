"""YIN: the lag at which a frame differs least from itself, frame by frame."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result

RATE, STEP = 16_000, 320
DIP, QUIET = 0.15, 1e-6  # how deep a dip counts as periodic; power below which a frame is silent


def run(request: Request) -> Result:
    audio, p = request.input["audio"], request.parameters
    if p["lowest"] >= p["highest"]:
        raise InvalidInput("lowest must be below highest", field="/parameters/lowest")
    longest, shortest = int(RATE / p["lowest"]) + 2, max(2, int(RATE / p["highest"]))
    window = 2 * longest
    if len(audio.samples) < window:
        raise InvalidInput(f"at least {window / RATE:.2f} seconds are needed", field="audio")
    rows: list[dict[str, float | None]] = []
    for start in range(0, len(audio.samples) - window + 1, STEP):
        x = audio.samples[start : start + window].astype(np.float64)
        pitch = None
        if np.mean(x**2) > QUIET:
            head, size = x[:longest], 1 << (2 * window - 1).bit_length()
            cross = np.fft.irfft(np.fft.rfft(x, size) * np.conj(np.fft.rfft(head, size)), size)[:longest]
            energy = np.concatenate([[0.0], np.cumsum(x**2)])
            difference = energy[longest] + (energy[longest : 2 * longest] - energy[:longest]) - 2 * cross
            difference = np.maximum(difference, 0)
            difference[0] = 0
            total = np.cumsum(difference)
            norm = np.ones(longest)
            norm[1:] = difference[1:] * np.arange(1, longest) / np.maximum(total[1:], 1e-12)
            below = np.flatnonzero(norm[shortest : longest - 1] < DIP)
            if len(below):
                lag = int(below[0]) + shortest
                while lag + 1 < longest - 1 and norm[lag + 1] < norm[lag]:
                    lag += 1
                a, b, c = norm[lag - 1 : lag + 2]
                bend = a - 2 * b + c
                found = RATE / (lag + (0.5 * (a - c) / bend if bend > 1e-12 else 0.0))
                pitch = round(found, 2) if p["lowest"] <= found <= p["highest"] else None
        rows.append({"time": round((start + window / 2) / RATE, 3), "pitch_hz": pitch})
    voiced = np.array([r["pitch_hz"] for r in rows if r["pitch_hz"] is not None], np.float64)
    summary = {"voiced_share": round(len(voiced) / len(rows), 4)}
    if len(voiced):
        low, middle, high = np.quantile(voiced, (0.1, 0.5, 0.9))
        summary |= {"median_hz": round(float(middle), 2), "low_hz": round(float(low), 2),
                    "high_hz": round(float(high), 2)}
    return Result({"columns": ["time", "pitch_hz"], "rows": rows, "summary": summary})
