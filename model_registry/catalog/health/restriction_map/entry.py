"""Restriction sites by Biopython's enzyme tables (REBASE)."""

from __future__ import annotations

from itertools import pairwise

from Bio import Restriction
from Bio.Seq import Seq

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.sequences import letters

USUAL = [
    "EcoRI",
    "BamHI",
    "HindIII",
    "XhoI",
    "NotI",
    "NcoI",
    "NdeI",
    "SalI",
    "XbaI",
    "PstI",
    "KpnI",
    "SacI",
    "SpeI",
    "BglII",
    "SmaI",
    "EcoRV",
]


def run(request: Request) -> Result:
    dna = letters(request.input["sequence"], "dna", "sequence")
    circular = request.parameters["circular"]
    names = request.parameters["enzymes"] or USUAL
    rows = []
    for i, name in enumerate(names):
        enzyme = getattr(Restriction, name, None)
        if enzyme is None or not hasattr(enzyme, "site"):
            raise InvalidInput(f"{name[:40]} is not a known enzyme", field=f"/parameters/enzymes/{i}")
        cuts = sorted(c - 1 for c in enzyme.search(Seq(dna), linear=not circular))
        if circular:
            sizes = [b - a for a, b in zip(cuts, [*cuts[1:], cuts[0] + len(dna)], strict=True)] if cuts else [len(dna)]
        else:
            ends = [0, *cuts, len(dna)]
            sizes = [b - a for a, b in pairwise(ends)]
        rows.append(
            {
                "enzyme": name,
                "site": enzyme.site,
                "cuts": len(cuts),
                "positions": ", ".join(map(str, cuts[:50])),
                "fragments": ", ".join(map(str, sorted(sizes, reverse=True)[:50])),
            }
        )
    rows.sort(key=lambda r: (r["cuts"] == 0, r["cuts"], r["enzyme"]))
    return Result(
        {
            "columns": ["enzyme", "site", "cuts", "positions", "fragments"],
            "rows": rows,
            "summary": {"length": len(dna), "once": [r["enzyme"] for r in rows if r["cuts"] == 1]},
        }
    )
