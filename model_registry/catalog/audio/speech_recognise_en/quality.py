"""Readings whose words are known: word error rate of dictation, and phrases spotted."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

TEXTS = {
    "audio-austen-a.flac": "he was not an ill disposed young man",
    "audio-austen-b.flac": "he might even have been made amiable himself",
}


def errors(found: list[str], truth: list[str]) -> int:
    row = list(range(len(found) + 1))
    for i, word in enumerate(truth, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(found, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


def measure(ask: Ask) -> list[Measure]:
    wrong = total = 0
    for name, text in TEXTS.items():
        found = ask(audio=ask.sample(name)).output["text"].split()
        wrong, total = wrong + errors(found, text.split()), total + len(text.split())
    spotted = ask(
        audio=ask.sample("audio-austen-a.flac"),
        parameters={"mode": "keywords", "phrases": ["young man", "ten of clubs"]},
    ).output
    heard = {s["label"].strip() for s in spotted["segments"]}
    return [
        Measure("word error rate", wrong / total, "", data="two readings of LibriVox, clean", at_most=0.5),
        Measure(
            "phrases spotted wrongly",
            len(heard ^ {"young man"}),
            "of 2",
            data="one phrase that is there and one that is not",
            at_most=0,
        ),
    ]
