"""Constellations of spectral peaks, hashed in pairs; a match is a run of pairs with one time offset."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
from scipy.ndimage import maximum_filter
from scipy.signal import stft

from model_registry.catalog_kit import Request, Result, resample

RATE, SIZE, HOP = 8000, 1024, 256


def landmarks(samples: np.ndarray, rate: int) -> list[tuple[int, int]]:
    """(hash, time) of each pair of peaks."""
    x = resample(samples, rate, RATE)
    if len(x) < SIZE:
        return []
    _, _, z = stft(x, RATE, nperseg=SIZE, noverlap=SIZE - HOP, padded=False)
    level = np.log(np.abs(z) + 1e-9)
    top = (level == maximum_filter(level, (25, 15))) & (level > np.percentile(level, 75))
    peaks = sorted(zip(*np.nonzero(top)[::-1], strict=True))  # by time
    found = []
    for i, (t, f) in enumerate(peaks):
        for t2, f2 in peaks[i + 1 : i + 9]:
            if 1 <= t2 - t <= 63:
                found.append((int(f) << 16 | int(f2) << 6 | int(t2 - t), int(t)))
    return found


def run(request: Request) -> Result:
    excerpt = request.input["audio"]
    wanted = defaultdict(list)
    for code, t in landmarks(excerpt.samples, excerpt.rate):
        wanted[code].append(t)
    results = []
    for i, name in enumerate(("reference_a", "reference_b", "reference_c")):
        reference = request.input[name]
        if reference is None:
            continue
        offsets = Counter(
            t - at for code, t in landmarks(reference.samples, reference.rate) for at in wanted.get(code, ())
        )
        offset, hits = offsets.most_common(1)[0] if offsets else (0, 0)
        hits = sum(offsets.get(offset + d, 0) for d in (-1, 0, 1))
        share = hits / max(sum(map(len, wanted.values())), 1)
        results.append(
            {
                "index": i,
                "text": f"{name} at {offset * HOP / RATE:.2f} s, {hits} landmarks agree",
                "score": round(min(share, 1.0), 4),
            }
        )
    results.sort(key=lambda r: (-r["score"], r["index"]))
    clear = results and results[0]["score"] >= 0.05
    return Result({"results": results}, warnings=[] if clear else ["no reference holds this excerpt"])
