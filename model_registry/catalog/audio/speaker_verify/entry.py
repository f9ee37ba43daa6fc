"""Cosine similarity of GE2E voice embeddings of two recordings."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit import Audio, InvalidInput, Nets, Request, Result

RATE, WINDOW, HOP, BANDS = 16_000, 400, 160, 40
FRAMES, STEP = 160, 80  # windows of 1.6 s, half overlapping
LOUDNESS_DB = -30.0

Array = NDArray[Any]


def _to_mel(hertz: Array) -> Array:
    """Slaney's scale: linear below 1 kHz, logarithmic above."""
    return np.where(hertz < 1000, hertz * 3 / 200, 15 + np.log(np.maximum(hertz, 1e-9) / 1000) * 27 / np.log(6.4))


def _to_hertz(mel: Array) -> Array:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


@cache
def _filters() -> Array:
    edges = _to_hertz(np.linspace(0, float(_to_mel(np.array(RATE / 2.0))), BANDS + 2))
    bins = np.fft.rfftfreq(WINDOW, 1 / RATE)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]


def _mels(samples: Array) -> Array:
    padded = np.pad(samples, WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    window = np.hanning(WINDOW + 1)[:-1]
    power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
    return (power @ _filters().T).astype(np.float32)


def _embed(nets: Nets, audio: Audio, field: str) -> Array:
    level = float(np.mean(np.square(audio.samples, dtype=np.float64)))
    if level < 1e-9:
        raise InvalidInput("the recording is silent", field=field)
    gain = 10 ** ((LOUDNESS_DB - 10 * np.log10(level)) / 20)
    mels = _mels(audio.samples * max(1.0, gain))  # quiet recordings are raised, loud ones left alone
    if len(mels) < FRAMES:
        mels = np.pad(mels, ((0, FRAMES - len(mels)), (0, 0)))
    parts = np.stack([mels[i : i + FRAMES] for i in range(0, len(mels) - FRAMES + 1, STEP)])
    mean = nets.run("speaker-encoder", {"mels": parts})["embedding"].mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


def run(request: Request) -> Result:
    threshold = request.parameters["threshold"]
    first, second = (_embed(request.nets, request.input[f], f) for f in ("first", "second"))
    score = float(first @ second)
    same = score >= threshold
    short = [f for f in ("first", "second") if request.input[f].duration < 3]
    warnings = [f"{' and '.join(short)}: shorter than 3 seconds, unsure"] if short else []
    return Result({"verdict": "same speaker" if same else "different speakers", "score": round(score, 4), "checks": [
        {"name": "cosine similarity", "passed": same, "value": round(score, 4), "detail": f"threshold {threshold:g}"}]},
        warnings=warnings)
