"""Open reading frames of six frames, longest first (standard genetic code)."""

from __future__ import annotations

from Bio.Seq import Seq

from model_registry.catalog_kit import Request, Result
from model_registry.catalog_kit.sequences import letters


def frames(strand: str, least: int, any_start: bool) -> list[tuple[int, int, str]]:
    """(start, end, protein) in the strand's own counting."""
    found = []
    for frame in range(3):
        codons = len(strand[frame:]) // 3
        protein = str(Seq(strand[frame : frame + 3 * codons]).translate())
        begin = 0
        while begin < len(protein):
            stop = protein.find("*", begin)
            end = len(protein) if stop < 0 else stop
            start = begin if any_start else protein.find("M", begin, end)
            if 0 <= start < end and end - start >= least and (stop >= 0 or any_start):
                found.append((frame + 3 * start, frame + 3 * (end + (stop >= 0)), protein[start:end]))
            begin = end + 1
    return found


def run(request: Request) -> Result:
    dna = letters(request.input["sequence"], "dna", "sequence")
    least, any_start = request.parameters["least_codons"], request.parameters["any_start"]
    rows = [
        {"strand": "+", "start": a, "end": b, "codons": len(p), "protein": p}
        for a, b, p in frames(dna, least, any_start)
    ]
    back = str(Seq(dna).reverse_complement())
    rows += [
        {"strand": "-", "start": len(dna) - b, "end": len(dna) - a, "codons": len(p), "protein": p}
        for a, b, p in frames(back, least, any_start)
    ]
    rows.sort(key=lambda r: (-r["codons"], r["start"], r["strand"]))
    gc = (dna.count("G") + dna.count("C")) / len(dna)
    return Result(
        {
            "columns": ["strand", "start", "end", "codons", "protein"],
            "rows": rows[:200],
            "summary": {"length": len(dna), "gc": round(gc, 6), "found": len(rows)},
        }
    )
