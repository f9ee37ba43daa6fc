"""Recordings spoilt in a known way: each must fail its own check and no other of these."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfilt

from model_registry.catalog_kit import Audio
from model_registry.catalog_kit.quality import Ask, Measure

RATE = 16_000


def voice() -> np.ndarray:
    """Bursts of a rich tone with pauses between, as clean as can be."""
    t = np.arange(4 * RATE) / RATE
    tone = sum(np.sin(2 * np.pi * 150 * k * t) / k**0.5 for k in range(1, 50)) * (np.sin(2 * np.pi * 0.7 * t) > 0)
    return np.asarray(0.3 * tone / np.abs(tone).max() + np.random.default_rng(0).normal(0, 1e-4, len(t)))


def measure(ask: Ask) -> list[Measure]:
    clean = voice()
    random = np.random.default_rng(1)
    muffled = sosfilt(butter(8, 1000, fs=RATE, output="sos"), clean)
    cases = {"": clean, "clipping": np.clip(clean * 6, -1, 1) * 0.9, "offset": clean + 0.05, "level": clean * 0.01,
             "noise": clean + random.normal(0, 0.08, len(clean)), "bandwidth": muffled}
    right, clipped = 0, np.mean(np.abs(clean * 6) >= 1)
    for spoilt, samples in cases.items():
        checks = {c["name"]: c for c in ask(audio=Audio(samples.astype(np.float32), RATE)).output["checks"]}
        right += not checks[spoilt]["passed"] if spoilt else all(c["passed"] for c in checks.values())
        if spoilt == "clipping":
            share = checks["clipping"]["value"]
        if spoilt == "offset":
            offset = checks["offset"]["value"]
    return [Measure("recordings told right", 100 * right / len(cases), "%", at_least=100,
                    data="bursts of a tone: clean, clipped, shifted, faint, noisy, muffled"),
            Measure("error of the offset", abs(offset - 0.05), "of full scale", data="shifted by 0.05", at_most=0.002),
            Measure("clipped share found", 100 * share / float(clipped), "% of the true one", data="clipped sixfold",
                    at_least=30, method="neighbours that are both stuck")]
