"""Neighbour joining on Jukes–Cantor (DNA) or p-distances (protein), rooted at the midpoint, drawn as SVG."""

from __future__ import annotations

import math
from html import escape

from Bio.Phylo.BaseTree import Clade
from Bio.Phylo.TreeConstruction import DistanceMatrix, DistanceTreeConstructor

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.sequences import letters

WIDTH, LINE, MARGIN, LABEL = 640, 22, 16, 180


def apart(a: str, b: str, dna: bool) -> float:
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if x != "-" and y != "-"]
    if not pairs:
        raise InvalidInput("two sequences have no place in common", field="sequences")
    p = sum(x != y for x, y in pairs) / len(pairs)
    if not dna:
        return p
    return -0.75 * math.log(1 - 4 * p / 3) if p < 0.74 else 3.0


def newick(clade: Clade) -> str:
    name = clade.name if clade.is_terminal() else ""
    inner = "" if clade.is_terminal() else "(" + ",".join(newick(c) for c in clade.clades) + ")"
    safe = name if name.replace("_", "").isalnum() else "'" + name.replace("'", "''") + "'" if name else ""
    return f"{inner}{safe}:{max(clade.branch_length or 0.0, 0.0):.6f}"


def run(request: Request) -> Result:
    dna = request.parameters["kind"] == "dna"
    given = {
        n: letters(s, request.parameters["kind"], f"/input/sequences/{n}", gaps=True)
        for n, s in request.input["sequences"].items()
    }
    if len(set(map(len, given.values()))) != 1:
        raise InvalidInput("the sequences must be aligned: of one length, with - for gaps", field="sequences")
    names = list(given)
    matrix = DistanceMatrix(
        names,
        [[apart(given[a], given[b], dna) if a != b else 0.0 for b in names[: i + 1]] for i, a in enumerate(names)],
    )
    tree = DistanceTreeConstructor().nj(matrix)
    for clade in tree.find_clades():
        clade.branch_length = max(clade.branch_length or 0.0, 0.0)
    if tree.total_branch_length() > 0:
        tree.root_at_midpoint()
    tree.ladderize()
    leaves = tree.get_terminals()
    depths = tree.depths()
    deepest = max(depths.values()) or 1.0
    y = {leaf: MARGIN + LINE * (i + 0.5) for i, leaf in enumerate(leaves)}

    def x(clade: Clade) -> float:
        return MARGIN + (WIDTH - LABEL - 2 * MARGIN) * depths[clade] / deepest

    parts = []

    def draw(clade: Clade) -> float:
        if clade.is_terminal():
            parts.append(f'<text x="{x(clade) + 6:.1f}" y="{y[clade] + 4:.1f}">{escape(clade.name)}</text>')
            return y[clade]
        at = [draw(c) for c in clade.clades]
        for child, height in zip(clade.clades, at, strict=True):
            parts.append(f'<path d="M{x(clade):.1f} {height:.1f}H{x(child):.1f}"/>')
        parts.append(f'<path d="M{x(clade):.1f} {min(at):.1f}V{max(at):.1f}"/>')
        return (min(at) + max(at)) / 2

    draw(tree.root)
    height = round(2 * MARGIN + LINE * len(leaves))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" fill="none" stroke="currentColor">'
        + "".join(parts).replace("<text ", '<text fill="currentColor" stroke="none" font-size="13" ')
        + "</svg>"
    )
    text = "(" + ",".join(newick(c) for c in tree.root.clades) + ");"
    return Result(
        {
            "width": WIDTH,
            "height": height,
            "svg": svg,
            "values": {"newick": text, "leaves": len(leaves), "length": round(float(tree.total_branch_length()), 6)},
        }
    )
