"""Bond lengths against tabulated ones, and shapes that are known: benzene is a disc, acetylene a rod."""

from __future__ import annotations

import math

from model_registry.catalog_kit.quality import Ask, Measure


def atoms(ask: Ask, smiles: str) -> tuple[list[tuple[float, float, float]], dict[str, float]]:
    out = ask(smiles=smiles)
    lines = out.output["molfile"].splitlines()
    count = int(lines[3][:3])
    return [tuple(float(v) for v in line.split()[:3]) for line in lines[4 : 4 + count]], out.values


def measure(ask: Ask) -> list[Measure]:
    ethane, _ = atoms(ask, "CC")
    benzene, disc = atoms(ask, "c1ccccc1")
    _, rod = atoms(ask, "C#CC#CC#C")
    errors = [
        abs(math.dist(ethane[0], ethane[1]) - 1.535),
        *(abs(math.dist(benzene[i], benzene[(i + 1) % 6]) - 1.397) for i in range(6)),
    ]
    shapes = [abs(disc["npr1"] - 0.5), abs(disc["npr2"] - 0.5), abs(rod["npr1"]), abs(rod["npr2"] - 1)]
    return [
        Measure("largest bond error", max(errors), "Å", data="ethane 1.535 Å, benzene 1.397 Å", at_most=0.03),
        Measure("shape error", max(shapes), "", data="disc (½, ½) and rod (0, 1)", at_most=0.02),
    ]
