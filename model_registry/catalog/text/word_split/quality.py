"""Sentences with their spaces taken out."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

SENTENCES = [
    "thank you for the music",
    "the quick brown fox jumps over the lazy dog",
    "we need more time to think about it",
    "machine learning in production",
    "open source software for everyone",
    "never give up on your dreams",
    "black lives matter",
    "best friends forever",
    "good morning from the beach",
    "how to train a dragon",
]


def measure(ask: Ask) -> list[Measure]:
    right = total = 0
    for sentence in SENTENCES:
        found = [t["text"] for t in ask(text=sentence.replace(" ", "")).output["tokens"]]
        words = sentence.split()
        right += found == words
        total += 1
    return [
        Measure("sentences split right", right / total, "", data="10 English sentences without spaces", at_least=0.9)
    ]
