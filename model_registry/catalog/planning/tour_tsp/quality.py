"""Points on a circle, whose shortest tour is the circle's order; and a small set solved by trying all orders."""

from __future__ import annotations

import math
from itertools import pairwise, permutations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    turn = np.random.default_rng(3).permutation(60) * 2 * math.pi / 60
    circle = [[math.cos(t), math.sin(t)] for t in turn]
    best = 60 * 2 * math.sin(math.pi / 60)
    found = ask(problem={"points": circle}).output["distance"]
    few = np.random.default_rng(4).random((8, 2)).tolist()
    exact = min(
        sum(math.dist(few[a], few[b]) for a, b in pairwise((0, *order, 0))) for order in permutations(range(1, 8))
    )
    small = ask(problem={"points": few}).output["distance"]
    return [
        Measure("length over best, circle", found / best, "", data="60 shuffled points of a circle", at_most=1.0001),
        Measure("length over best, all orders", small / exact, "", data="8 random points, 5040 orders", at_most=1.0001),
    ]
