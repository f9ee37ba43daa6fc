"""Clean readings with white noise added: signal to noise before and after, against the clean recording."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Audio
from model_registry.catalog_kit.quality import Ask, Measure


def noisy(ask_sample: object, snr: float, seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    import soundfile

    clean, rate = soundfile.read(str(ask_sample), dtype="float32")
    noise = np.random.default_rng(seed).normal(size=len(clean))
    return clean, (clean + noise * clean.std() / 10 ** (snr / 20)).astype(np.float32), rate


def samples() -> dict[str, Audio]:
    from model_registry.catalog_kit.runner import SAMPLES

    _, dirty, rate = noisy(SAMPLES / "audio-austen-a.flac", 5, 0)
    return {"noisy.flac": Audio(dirty[: 3 * rate] / max(1.0, float(np.abs(dirty[: 3 * rate]).max())), rate)}


def measure(ask: Ask) -> list[Measure]:
    gains = []
    for seed, snr in enumerate((0, 5, 10)):
        for name in ("audio-austen-a.flac", "audio-austen-b.flac"):
            clean, dirty, rate = noisy(ask.sample(name), snr, seed)
            out = ask(audio=Audio(dirty / 4, rate)).audio().samples * 4
            n = min(len(out), len(clean))
            after = 10 * np.log10((clean[:n] ** 2).sum() / ((out[:n] - clean[:n]) ** 2).sum())
            gains.append(float(after) - snr)
    return [
        Measure(
            "gain in SNR",
            float(np.mean(gains)),
            "dB",
            data="2 readings under white noise at 0, 5 and 10 dB",
            at_least=3.0,
        ),
        Measure("least gain", min(gains), "dB", data="the same", at_least=1.0),
    ]
