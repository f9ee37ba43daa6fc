"""A documented melting temperature, the way it moves with salt and GC, and planted faults."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure


def value(ask: Ask, primer: str, name: str, **parameters: float) -> float:
    return next(
        c["value"]
        for c in ask(forward=primer, parameters=parameters).output["checks"]
        if c["name"] == f"forward: {name}"
    )


def measure(ask: Ask) -> list[Measure]:
    wrong = value(ask, "GGGGGCCCCCATATATGGGGGCCCCC", "self-dimer") < 10
    wrong += value(ask, "ACGTACGGAAAACCGTACGT", "hairpin") < 6
    wrong += value(ask, "ACGTTTTTTTGCATGCATGC", "run") != 7
    low, high = (value(ask, "AGCTTGACCTGCAATGCTAC", "melting temperature", sodium_mm=s) for s in (50, 500))
    cold = value(ask, "ATATATATATATATATATAT", "melting temperature")
    hot = value(ask, "GCGCGCGCGCGCGCGCGCGC", "melting temperature")
    wrong += not (low + 8 < high) + 0
    wrong += not cold + 25 < hot
    book = value(ask, "CGTTCCAAAGATGTGGGCATGAGCTTAC", "melting temperature", primer_nm=25, sodium_mm=50)
    return [
        Measure(
            "rules broken",
            int(wrong),
            "of 5",
            data="planted dimer, hairpin, run; salt and GC raise the temperature",
            at_most=0,
        ),
        Measure(
            "difference from Biopython's documented 60.3 °C",
            abs(book - 60.3),
            "°C",
            data="28-mer, 50 mM Na, 25 nM",
            at_most=3.0,
        ),
    ]
