"""Readings laid out with pauses of known place, in silence and in noise; sounds that are no speech."""

from __future__ import annotations

import numpy as np
import soundfile

from model_registry.catalog_kit import Audio, resample
from model_registry.catalog_kit.quality import Ask, Measure

RATE = 16_000


def laid_out(ask: Ask) -> tuple[np.ndarray, np.ndarray]:
    """Sound, and for each sample whether a reading runs there."""
    parts, truth = [], []
    for name, pause in (("audio-austen-a.flac", 1.5), ("audio-austen-b.flac", 2.0), ("audio-cards.flac", 1.0)):
        samples, rate = soundfile.read(str(ask.sample(name)), dtype="float32")
        samples = resample(samples, int(rate), RATE)
        loud = np.flatnonzero(np.convolve(samples**2, np.ones(800) / 800, "same") > 1e-5)
        samples = samples[loud[0] : loud[-1]]
        parts += [np.zeros(int(pause * RATE), np.float32), samples]
        truth += [np.zeros(int(pause * RATE), bool), np.ones(len(samples), bool)]
    return np.concatenate([*parts, np.zeros(RATE, np.float32)]), np.concatenate([*truth, np.zeros(RATE, bool)])


def heard(ask: Ask, samples: np.ndarray) -> np.ndarray:
    marked = np.zeros(len(samples), bool)
    for segment in ask(audio=Audio(samples.astype(np.float32), RATE)).output["segments"]:
        marked[int(segment["start"] * RATE) : int(segment["end"] * RATE)] = True
    return marked


def measure(ask: Ask) -> list[Measure]:
    samples, truth = laid_out(ask)
    random = np.random.default_rng(0)
    noise = random.normal(0, float(samples[truth].std()) / 10**0.5, len(samples))
    quiet, noisy = heard(ask, samples), heard(ask, samples + noise)
    t = np.arange(10 * RATE) / RATE
    others = (random.normal(0, 0.1, len(t)), 0.2 * np.sin(2 * np.pi * 440 * t), 0.2 * np.sign(np.sin(700 * t)))
    false = [heard(ask, other).mean() for other in others]
    data = "three readings with pauses of 1 to 2 s"
    return [Measure("speech heard", 100 * float(quiet[truth].mean()), "%", data=data, at_least=85,
                    method="share of samples; short pauses inside a reading count as speech"),
            Measure("pauses called speech", 100 * float(quiet[~truth].mean()), "%", data=data, at_most=8),
            Measure("speech heard, 10 dB of noise", 100 * float(noisy[truth].mean()), "%", data=data, at_least=60),
            Measure("noise and tones called speech", 100 * float(np.mean(false)), "%", at_most=3,
                    data="white noise, a sine, a square wave of 10 s each")]
