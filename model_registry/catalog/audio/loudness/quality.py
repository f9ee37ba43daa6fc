"""The reference tones of ITU-R BS.1770 and EBU Tech 3341, and gating by its rule."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Audio
from model_registry.catalog_kit.quality import Ask, Measure


def tone(level_db: float, seconds: float, rate: int, hertz: float = 997) -> np.ndarray:
    """A sine whose peak is `level_db` below full scale."""
    return np.asarray(10 ** (level_db / 20) * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate))


def measure(ask: Ask) -> list[Measure]:
    errors, gated = [], []
    for rate in (44_100, 48_000):
        for level in (-6.0, -20.0, -33.0):  # a full-scale sine of 997 Hz in one channel reads -3.01 LUFS
            found = ask(audio=Audio(tone(level, 5, rate).astype(np.float32), rate)).values["integrated loudness"]
            errors.append(abs(found - (level - 3.01)))
    for quiet in (-36.0, -72.0):  # EBU Tech 3341, cases 3 and 4 in one channel: the quiet parts do not count
        parts = [tone(quiet, 10, 48_000), tone(-23, 30, 48_000), tone(quiet, 10, 48_000)]
        found = ask(audio=Audio(np.concatenate(parts).astype(np.float32), 48_000)).values["integrated loudness"]
        gated.append(abs(found - (-23 - 3.01)))
    return [Measure("error of the loudness", max(errors), "LU at most", at_most=0.1,
                    data="997 Hz at three levels, two sample rates", method="ITU-R BS.1770-4"),
            Measure("error with quiet parts", max(gated), "LU at most", at_most=0.1,
                    data="a tone between passages 13 and 49 dB lower", method="EBU Tech 3341, cases 3 and 4")]
