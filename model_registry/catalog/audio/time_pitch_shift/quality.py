"""Tones before and after: length and pitch are where they were asked to be, and the tone stays pure."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Audio
from model_registry.catalog_kit.quality import Ask, Measure


def pitch(x: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x)), 8 * len(x)))
    return float(np.fft.rfftfreq(8 * len(x), 1 / rate)[np.argmax(spectrum)])


def measure(ask: Ask) -> list[Measure]:
    rate, lengths, pitches, purity = 16_000, [], [], []
    t = np.arange(3 * rate) / rate
    for hertz in (220.0, 523.3):
        tone = Audio((0.4 * np.sin(2 * np.pi * hertz * t)).astype(np.float32), rate)
        for speed, semitones in ((0.7, 0), (1.5, 0), (1.0, 5), (1.2, -4)):
            x = ask(audio=tone, parameters={"speed": speed, "semitones": semitones}).audio().samples
            lengths.append(abs(len(x) / rate * speed / 3 - 1))
            middle = x[len(x) // 4:-len(x) // 4]
            pitches.append(abs(1200 * np.log2(pitch(middle, rate) / (hertz * 2 ** (semitones / 12)))))
            spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))) ** 2
            k = int(np.argmax(spectrum))
            purity.append(spectrum[max(k - 4, 0):k + 5].sum() / spectrum.sum())
    return [Measure("largest length error", max(lengths), "", data="2 tones, 4 settings", at_most=0.02),
            Measure("largest pitch error", float(max(pitches)), "cents", data="the same", at_most=5),
            Measure("least purity", float(min(purity)), "", data="the same", at_least=0.98)]
