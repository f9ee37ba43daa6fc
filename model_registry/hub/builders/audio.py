"""Sound to text and labels: nets that take samples as they are (wav2vec 2.0 and its kin), and Whisper's spectrogram."""

from __future__ import annotations

from typing import Any

import numpy as np

from model_registry.catalog_kit.types import Audio, Request, Result
from model_registry.hub.builders.vision import TOP
from model_registry.hub.kit import Answer, Array, Builder, Kit, activate, top

RATE = 16_000
SPEECH: dict[str, Any] = {"audio": {"kind": "audio", "rate": RATE, "max_seconds": 120, "max_bytes": 10_000_000}}
WINDOW, HOP = 400, 160  # samples of Whisper's spectrogram


def log_mel(samples: Array, bands: int, seconds: int) -> Array:
    """Whisper's input: (bands, 100 · seconds), float32; what is missing is silence."""
    wanted = seconds * RATE
    padded = np.zeros(wanted, np.float64)
    padded[:min(wanted, len(samples))] = samples[:wanted]
    framed = np.pad(padded, WINDOW // 2, "reflect")
    frames = np.lib.stride_tricks.sliding_window_view(framed, WINDOW)[::HOP][:wanted // HOP]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    power = np.abs(np.fft.rfft(frames * hann, axis=1)) ** 2
    logs = np.log10(np.maximum(mel_filters(bands) @ power.T, 1e-10))
    return np.asarray((np.maximum(logs, logs.max() - 8.0) + 4.0) / 4.0, np.float32)


def mel_filters(bands: int) -> Array:
    """Triangles of Slaney's mel scale (straight to 1 kHz, then logarithmic), each of area 1: (bands, 201)."""
    def hertz(mel: Array) -> Array:
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))

    most = 15 + 27 * np.log(RATE / 2 / 1000) / np.log(6.4)
    edges = hertz(np.linspace(0, most, bands + 2))
    frequencies = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    rising = (frequencies - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - frequencies) / (edges[2:] - edges[1:-1])[:, None]
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None])


def _samples(sound: Audio) -> Array:
    """As these nets were trained: mean 0, variance 1."""
    values = sound.samples.astype(np.float64)
    return np.asarray((values - values.mean()) / np.sqrt(values.var() + 1e-7), np.float32)[None]


def spell(kit: Kit) -> Answer:
    """Letters at each moment (CTC): equal neighbours are one, blanks are dropped. The vocabulary is vocab.json's."""
    vocabulary = kit.read("vocab.json")
    letters = {int(number): letter for letter, number in vocabulary.items()}
    blank = int(vocabulary.get("<pad>", vocabulary.get("[PAD]", 0)))
    gap = kit.options.get("gap", "|")

    def answer(request: Request) -> Result:
        sound: Audio = request.input["audio"]
        scores = kit.net.run(request.nets, {"input_values": _samples(sound)})[0][0]
        best = scores.argmax(axis=1)
        step = sound.duration / max(1, len(best))
        words: list[dict[str, Any]] = []
        previous, open_word = blank, False
        for i, number in enumerate(best.tolist()):
            letter = letters.get(number, "")
            fresh = number not in (previous, blank)
            previous = number
            if not fresh or (letter.startswith("<") and letter.endswith(">")):
                continue
            if letter == gap:
                open_word = False
            elif open_word:
                words[-1]["label"] += letter
                words[-1]["end"] = round((i + 1) * step, 3)
            else:
                words.append({"start": round(i * step, 3), "end": round((i + 1) * step, 3), "label": letter,
                              "score": 1.0})
                open_word = True
        return Result({"duration": round(sound.duration, 3), "segments": words,
                       "text": " ".join(word["label"] for word in words)})

    return answer


def classify(kit: Kit) -> Answer:
    """Options: `activation`."""
    def answer(request: Request) -> Result:
        found = kit.net.run(request.nets, {"input_values": _samples(request.input["audio"])})[0][0]
        return Result({"labels": top(kit, activate(found, kit.options.get("activation", "softmax")),
                                     request.parameters["top"])})

    return answer


_EXAMPLE = {"input": {"audio": {"$file": "audio-austen-a.flac"}}}
BUILDERS: dict[str, Builder] = {
    "spell": Builder(spell, SPEECH, "segments", "speech-recognition", "audio", "second", "0.02", _EXAMPLE,
                     timeout_ms=300_000),
    "classify_audio": Builder(classify, SPEECH, "label_scores", "audio-classification", "audio", "second", "0.02",
                              _EXAMPLE, parameters=TOP, timeout_ms=300_000),
}
