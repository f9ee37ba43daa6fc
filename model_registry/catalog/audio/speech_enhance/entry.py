"""Log-spectral amplitude estimation with decision-directed SNR over a tracked noise floor."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import minimum_filter1d, uniform_filter1d
from scipy.signal import istft, stft
from scipy.special import exp1

from model_registry.catalog_kit import InvalidInput, Request, Result, encode_wav


def run(request: Request) -> Result:
    audio = request.input["audio"]
    if len(audio.samples) < audio.rate // 2 or float(np.abs(audio.samples).max()) < 1e-5:
        raise InvalidInput("at least half a second of sound is needed", field="audio")
    size = 1 << int(np.log2(0.032 * audio.rate))
    _, _, spectrum = stft(audio.samples, audio.rate, nperseg=size, noverlap=3 * size // 4)
    power = np.abs(spectrum) ** 2
    frames = max(int(1.0 * audio.rate / (size // 4)), 5)
    smooth = uniform_filter1d(power, 12, axis=1, mode="nearest")
    # The lowest of a smoothed second lies below the mean noise: the factor brings it up (by simulation of white noise).
    noise = 1.9 * minimum_filter1d(smooth, frames, axis=1, mode="nearest") + 1e-14
    floor = 10 ** (-request.parameters["reduction_db"] / 20)
    after = np.minimum(power / noise, 1e4)
    out, clean = np.empty_like(spectrum), np.zeros(len(power))
    for k in range(power.shape[1]):
        before = 0.98 * clean / noise[:, k] + 0.02 * np.maximum(after[:, k] - 1, 0)
        before = np.maximum(before, 10**-2.5)
        v = np.maximum(before / (1 + before) * after[:, k], 1e-6)
        gain = np.minimum(before / (1 + before) * np.exp(0.5 * exp1(v)), 1.0)
        clean = (gain**2) * power[:, k]
        out[:, k] = spectrum[:, k] * np.maximum(gain, floor)
    _, samples = istft(out, audio.rate, nperseg=size, noverlap=3 * size // 4)
    samples = samples[: len(audio.samples)]
    result = Result({"duration": round(len(samples) / audio.rate, 4), "values": {
        "noise_level_db": round(float(10 * np.log10(noise.mean() * size)), 2),
        "removed_db": round(float(20 * np.log10(np.std(audio.samples) / max(float(np.std(samples)), 1e-9))), 3)}})
    result.output["audio"] = result.add_media("audio/wav", encode_wav(samples, audio.rate))
    return result
