"""Excerpts under noise looked for in the recordings that they come from, and in others."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Audio
from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    import soundfile

    books = {}
    for key, name in (
        ("reference_a", "audio-austen-a.flac"),
        ("reference_b", "audio-austen-b.flac"),
        ("reference_c", "audio-cards.flac"),
    ):
        x, rate = soundfile.read(str(ask.sample(name)), dtype="float32")
        books[key] = Audio(x, rate)
    right, places, others = 0, [], []
    for k, (key, book) in enumerate(books.items()):
        at = len(book.samples) // 3
        part = book.samples[at : at + 2 * book.rate]
        noise = np.random.default_rng(k).normal(0, float(part.std()) / 10 ** (10 / 20), len(part))
        out = ask(audio=Audio((part + noise).astype(np.float32) / 2, book.rate), **books).output["results"]
        right += out[0]["text"].startswith(key)
        places.append(abs(float(out[0]["text"].split(" at ")[1].split(" s")[0]) - at / book.rate))
        others.append(out[1]["score"] / max(out[0]["score"], 1e-9))
    return [
        Measure("recordings named right", right / 3, "", data="3 excerpts of 2 s under noise of 10 dB", at_least=1),
        Measure("largest place error", max(places), "s", data="the same", at_most=0.1),
        Measure("second over first", max(others), "", data="the same", at_most=0.3),
    ]
