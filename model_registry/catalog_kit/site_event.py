"""A camera frame and two seconds of sound as numbers, the same for training and for serving."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE, SECONDS = 16_000, 2.0
BANDS, FRAMES, HOP, WINDOW = 32, 40, 800, 1024
IMAGE = 9 * 12 * 3 + 8 * 3 * 3

Array = NDArray[Any]


def image_features(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """IMAGE numbers of an RGB picture: a 12 × 9 thumbnail, and how often each of 72 colours occurs."""
    import cv2

    small = cv2.resize(image, (96, 72), interpolation=cv2.INTER_AREA)
    thumbnail = cv2.resize(small, (12, 9), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
    counts = cv2.calcHist([hsv], [0, 1, 2], None, [8, 3, 3], [0, 180, 0, 256, 0, 256])
    return np.asarray(np.concatenate([thumbnail.ravel(), np.sqrt(counts.ravel() / counts.sum())]), np.float32)


@cache
def _filters() -> Array:
    """Triangles on the mel scale from 60 Hz to 8 kHz: [bins, BANDS]."""
    mels = np.linspace(2595 * np.log10(1 + 60 / 700), 2595 * np.log10(1 + 8000 / 700), BANDS + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    bins = np.fft.rfftfreq(WINDOW, 1 / RATE)[:, None]
    rising, falling = (bins - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - bins) / np.diff(edges)[1:]
    return np.asarray(np.maximum(0, np.minimum(rising, falling)))


def audio_features(samples: Array) -> NDArray[np.float32]:
    """[BANDS, FRAMES]: log mel spectrum of the loudest SECONDS at RATE, free of the recording's level."""
    need = FRAMES * HOP + WINDOW
    if len(samples) > need:
        power = np.cumsum(np.concatenate([[0.0], samples.astype(np.float64) ** 2]))
        starts = np.arange(0, len(samples) - need + 1, HOP)
        at = int(starts[np.argmax(power[starts + need] - power[starts])])
        samples = samples[at : at + need]
    x = np.zeros(need)
    x[: len(samples)] = samples
    frames = np.lib.stride_tricks.sliding_window_view(x, WINDOW)[: FRAMES * HOP : HOP] * np.hanning(WINDOW)
    mel = np.log((np.abs(np.fft.rfft(frames, axis=1)) ** 2 @ _filters()) + 1e-8).T
    return np.asarray((mel - mel.mean()) / (mel.std() + 1e-6), np.float32)
