"""Every find counted again by a plain search, on random text and terms."""

from __future__ import annotations

import random
import re

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    rng, differences = random.Random(0), 0
    for _ in range(20):
        words = ["".join(rng.choices("abc", k=rng.randint(1, 4))) for _ in range(200)]
        terms = sorted({" ".join(rng.choices(words, k=rng.randint(1, 2))) for _ in range(15)})
        text = " ".join(words)
        free, want = [True] * len(text), set()
        hits = [
            (m.start(), m.start() + len(t))
            for t in terms
            for m in re.finditer(rf"(?<!\w)(?={re.escape(t)}(?!\w))", text)
        ]
        for a, b in sorted(hits, key=lambda h: (h[0] - h[1], h[0])):
            if all(free[a:b]):
                free[a:b] = [False] * (b - a)
                want.add((a, b))
        got = {(s["start"], s["end"]) for s in ask(text=text, terms={"X": terms}).output["spans"]}
        differences += len(got ^ want)
    return [Measure("finds that differ", differences, "", data="20 random texts of 200 words, plain search", at_most=0)]
