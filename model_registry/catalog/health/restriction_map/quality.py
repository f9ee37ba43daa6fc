"""Sites planted in DNA that has none."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

SITES = {
    "EcoRI": ("GAATTC", 1),
    "BamHI": ("GGATCC", 1),
    "HindIII": ("AAGCTT", 1),
    "SmaI": ("CCCGGG", 3),
    "NotI": ("GCGGCCGC", 2),
}


def measure(ask: Ask) -> list[Measure]:
    wrong, filler = 0, "ACACACTACACATACACTAC" * 5
    for enzyme, (site, offset) in SITES.items():
        dna = filler + site + filler[:37] + site + filler
        cuts = [100 + offset, 100 + len(site) + 37 + offset]
        linear = ask(sequence=dna, parameters={"enzymes": [enzyme]}).output["rows"][0]
        ring = ask(sequence=dna, parameters={"enzymes": [enzyme], "circular": True}).output["rows"][0]
        wrong += linear["positions"] != ", ".join(map(str, cuts))
        parts = sorted([cuts[1] - cuts[0], len(dna) - cuts[1] + cuts[0]], reverse=True)
        wrong += ring["fragments"] != ", ".join(map(str, parts))
    return [Measure("maps wrong", wrong, "of 10", data="5 enzymes, two sites each, linear and circular", at_most=0)]
