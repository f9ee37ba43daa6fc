"""Needleman–Wunsch–Gotoh or Smith–Waterman alignment (Biopython's PairwiseAligner)."""

from __future__ import annotations

from Bio import Align
from Bio.Align import substitution_matrices

from model_registry.catalog_kit import InvalidInput, Request, Result, value_list
from model_registry.catalog_kit.sequences import letters


def run(request: Request) -> Result:
    kind = request.parameters["kind"]
    first, second = (letters(request.input[f], kind, f) for f in ("first", "second"))
    if len(first) * len(second) > 9_000_000:
        raise InvalidInput("the product of the lengths must stay below 9 million", field="second")
    aligner = Align.PairwiseAligner(mode=request.parameters["mode"])
    if kind == "protein":
        aligner.substitution_matrix = substitution_matrices.load("BLOSUM62")
        aligner.open_gap_score, aligner.extend_gap_score = -11, -1
    else:
        aligner.match_score, aligner.mismatch_score = 2, -3
        aligner.open_gap_score, aligner.extend_gap_score = -5, -2
    found = aligner.align(first, second)
    try:
        best = found[0]
    except IndexError:
        raise InvalidInput("the sequences have nothing in common", field="second") from None
    one, two = best[0], best[1]
    same = sum(a == b for a, b in zip(one, two, strict=True))
    gaps = one.count("-") + two.count("-")
    middle = "".join("|" if a == b else " " if "-" in (a, b) else "." for a, b in zip(one, two, strict=True))
    starts = [int(c[0]) if len(c) else 0 for c in best.coordinates]
    return Result(
        {
            "values": value_list(
                score=float(best.score),
                length=len(one),
                identities=same,
                identity=round(same / max(len(one), 1), 6),
                gaps=gaps,
                start_in_first=starts[0],
                start_in_second=starts[1],
            ),
            "alignment": [one, middle, two],
        }
    )
