"""Genes planted on either strand of random DNA."""

from __future__ import annotations

import random

from model_registry.catalog_kit.quality import Ask, Measure

CODONS = {
    "A": "GCT",
    "D": "GAT",
    "E": "GAA",
    "F": "TTT",
    "G": "GGT",
    "K": "AAA",
    "L": "CTG",
    "P": "CCT",
    "S": "AGC",
    "V": "GTT",
}


def measure(ask: Ask) -> list[Measure]:
    rng, missed = random.Random(0), 0
    for k in range(20):
        protein = "M" + "".join(rng.choices(list(CODONS), k=90))
        gene = "ATG" + "".join(CODONS[c] for c in protein[1:]) + "TAA"
        before, after = ("".join(rng.choices("ACGT", k=rng.randint(50, 150))) + "TAACTAGCTGA" for _ in range(2))
        dna = before + gene + after
        if k % 2:
            dna = dna[::-1].translate(str.maketrans("ACGT", "TGCA"))
        at = len(before) if not k % 2 else len(after)
        missed += not any(
            r["protein"] == protein and r["start"] == at and r["strand"] == "+-"[k % 2]
            for r in ask(sequence=dna).output["rows"]
        )
    return [Measure("genes missed", missed, "of 20", data="genes of 91 codons in random DNA, both strands", at_most=0)]
