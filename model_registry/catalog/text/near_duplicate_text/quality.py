"""Similarities against those counted exactly, and edited copies hidden among other texts."""

from __future__ import annotations

import re

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure

WORDS = """
flat park street quiet bright garden kitchen balcony floor station school window lift new
old large small warm bath cellar
garage rent month from near with two three rooms and the a in of
"""


def exact(a: str, b: str) -> float:
    one, two = (
        {flat[i : i + 5] for i in range(max(1, len(flat) - 4))}
        for flat in (re.sub(r"\s+", " ", t.lower()).strip() for t in (a, b))
    )
    return len(one & two) / len(one | two)


def measure(ask: Ask) -> list[Measure]:
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS.split(), 40)) for _ in range(40)]
    copies, errors = [], []
    for i in range(20):
        words = texts[i].split()
        for place in random.integers(0, 40, 1 + i % 4):
            words[place] = "altered"
        copies.append(" ".join(words))
    rows = ask(texts=texts + copies).output["rows"]
    pairs = {(row["first"], row["second"]) for row in rows}
    truth = {(i, 40 + i) for i in range(20)}
    for row in rows:
        errors.append(abs(row["similarity"] - exact((texts + copies)[row["first"]], (texts + copies)[row["second"]])))
    return [
        Measure(
            "edited copies found",
            100 * len(pairs & truth) / 20,
            "%",
            at_least=90,
            data="20 copies with one to four of 40 words changed, among 60 texts",
        ),
        Measure("other pairs reported", len(pairs - truth), data="the same", at_most=0),
        Measure(
            "error of the similarity",
            float(np.mean(errors)),
            "on average",
            at_most=0.06,
            data="the same",
            method="Jaccard similarity counted exactly",
        ),
    ]
