"""Chroma: the energy of the twelve pitch classes over time, for the entries that hear keys and chords."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit.sound import resample

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
RATE, SIZE, HOP = 11_025, 4096, 1024
LOW, HIGH = 36, 84  # MIDI notes that are looked at: C2 to C6


def chroma(samples: NDArray[np.float32], rate: int) -> tuple[NDArray[Any], float]:
    """((12, frames) energies of the pitch classes from C, seconds from frame to frame), tuned to A = 440 Hz.

    Each spectral peak counts for its note, and a little for the notes whose overtone it may be, so that the third and
    fifth overtones of a root do not outweigh it.
    """
    from scipy.signal import stft

    x = resample(samples, rate, RATE)
    x = np.pad(x, (0, max(SIZE - len(x), 0)))
    _, _, z = stft(x, RATE, nperseg=SIZE, noverlap=SIZE - HOP)
    power = np.abs(z)
    frequency = np.fft.rfftfreq(SIZE, 1 / RATE)
    folded = np.zeros((12, power.shape[1]))
    peaks = np.zeros_like(power, bool)
    peaks[1:-1] = (power[1:-1] > power[:-2]) & (power[1:-1] >= power[2:]) & (power[1:-1] > 0.01 * power.max())
    for k in np.flatnonzero((frequency > 60) & (frequency < 2200)):
        here = np.where(peaks[k], power[k], 0.0)
        if not here.any():
            continue
        # The peak's frequency between the bins, from its neighbours.
        left, middle, right = (np.log(power[k + d] + 1e-12) for d in (-1, 0, 1))
        bend = left - 2 * middle + right
        shift = np.clip(np.where(bend < -1e-9, 0.5 * (left - right) / np.minimum(bend, -1e-9), 0.0), -0.5, 0.5)
        note = 69 + 12 * np.log2((frequency[k] + shift * RATE / SIZE) / 440)
        for harmonic, share in ((1, 1.0), (2, 0.4), (3, 0.25), (5, 0.1)):
            root = np.rint(note - 12 * np.log2(harmonic)).astype(int)
            inside = (root >= LOW) & (root <= HIGH)
            np.add.at(folded, (root[inside] % 12, np.flatnonzero(inside)), share * np.sqrt(here[inside]))
    return folded, HOP / RATE
