"""Phase vocoder with identity phase locking; pitch by stretching and resampling."""

from __future__ import annotations

import numpy as np
from scipy.signal import istft, resample_poly, stft

from model_registry.catalog_kit import InvalidInput, Request, Result, encode_wav


def stretch(x: np.ndarray, rate: int, speed: float) -> np.ndarray:
    """x played `speed` times as fast at the same pitch."""
    size = 1 << int(np.log2(0.064 * rate))
    hop = size // 4
    _, _, z = stft(np.pad(x, (0, size)), rate, nperseg=size, noverlap=size - hop)
    expected = 2 * np.pi * hop * np.arange(len(z)) / size
    steps = np.arange(0, z.shape[1] - 1, speed)
    phase, out = np.angle(z[:, 0]), np.empty((len(z), len(steps)), complex)
    bins = np.arange(len(z))
    for k, at in enumerate(steps):
        i, part = int(at), at - int(at)
        size_now = (1 - part) * np.abs(z[:, i]) + part * np.abs(z[:, i + 1])
        # Bins follow the phase of the peak that they belong to, which keeps the sound together.
        inner = size_now[1:-1]
        peaks = np.flatnonzero((inner > size_now[:-2]) & (inner >= size_now[2:])) + 1
        if len(peaks):
            owner = peaks[np.clip(np.searchsorted((peaks[:-1] + peaks[1:]) / 2, bins), 0, len(peaks) - 1)]
            locked = phase[owner] + np.angle(z[:, i]) - np.angle(z[owner, i])
        else:
            locked = phase
        out[:, k] = size_now * np.exp(1j * locked)
        turn = np.angle(z[:, i + 1]) - np.angle(z[:, i]) - expected
        phase = locked + expected + turn - 2 * np.pi * np.round(turn / (2 * np.pi))
    _, y = istft(out, rate, nperseg=size, noverlap=size - hop)
    return np.asarray(y[: max(int(len(x) / speed), 1)])


def run(request: Request) -> Result:
    audio, speed, semitones = request.input["audio"], request.parameters["speed"], request.parameters["semitones"]
    if len(audio.samples) < audio.rate // 4:
        raise InvalidInput("at least a quarter of a second is needed", field="audio")
    if len(audio.samples) / audio.rate / speed > 120:
        raise InvalidInput("the result would be longer than two minutes", field="/parameters/speed")
    ratio = 2 ** (semitones / 12)
    x = audio.samples.astype(float)
    if speed != 1 or semitones:
        x = stretch(x, audio.rate, speed / ratio)
    if semitones:
        x = resample_poly(x, 1000, round(1000 * ratio))
    peak = float(np.abs(x).max()) if len(x) else 0.0
    x = x / peak if peak > 1 else x
    result = Result({"duration": round(len(x) / audio.rate, 4), "values": {"speed": speed, "semitones": semitones}})
    result.output["audio"] = result.add_media("audio/wav", encode_wav(x, audio.rate))
    return result
