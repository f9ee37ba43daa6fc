"""The textbook tree of weight 39 (and its tail of 4), and random points against scipy."""

from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import pdist, squareform

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    text = [["A", "B", 7], ["A", "D", 5], ["B", "C", 8], ["B", "D", 9], ["B", "E", 7], ["C", "E", 5], ["D", "E", 15],
            ["D", "F", 6], ["E", "F", 8], ["E", "G", 9], ["F", "G", 11], ["G", "H", 4]]
    out = ask(graph={"edges": text}).output["summary"]
    apart = squareform(pdist(np.random.default_rng(0).random((60, 2))))
    edges = [[str(i), str(j), apart[i, j]] for i in range(60) for j in range(i)]
    found = ask(graph={"edges": edges}).output["summary"]["length"]
    wrong = abs(out["length"] - 43) + (out["bridges"] != [["G", "H"]]) + (out["cut_points"] != ["G"])
    return [Measure("errors on the known case", wrong, "", data="textbook network of 8 nodes", at_most=0),
            Measure("difference from scipy", abs(found - minimum_spanning_tree(apart).sum()), "",
                    data="60 random points", at_most=1e-6)]
