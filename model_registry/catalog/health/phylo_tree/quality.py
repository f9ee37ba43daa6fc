"""Sequences grown along a known tree: are its groups found again?"""

from __future__ import annotations

import random
import re

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    found = 0
    for seed in range(6):
        rng = random.Random(seed)

        def change(s: str, share: float, rng: random.Random = rng) -> str:
            return "".join(rng.choice("ACGT") if rng.random() < share else c for c in s)

        root = "".join(rng.choices("ACGT", k=900))
        groups = {}
        for g in "ABCD":
            mother = change(root, 0.12)
            for k in (1, 2):
                groups[f"{g}{k}"] = change(mother, 0.04)
        text = ask(sequences=groups).output["values"]["newick"]
        bare = re.sub(r":[0-9.]+", "", text)
        found += sum(f"({g}1,{g}2)" in bare or f"({g}2,{g}1)" in bare for g in "ABCD")
    return [
        Measure("sister pairs found again", found / 24, "", data="6 grown trees of 4 pairs, 900 bases", at_least=0.95)
    ]
