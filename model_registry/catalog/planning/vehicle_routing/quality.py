"""Small problems against every plan, and stops on a ring whose best tour is known."""

from __future__ import annotations

import math
from itertools import pairwise, permutations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def length(tour: list[tuple[float, float]]) -> float:
    return sum(math.dist(a, b) for a, b in pairwise([(0.0, 0.0), *tour, (0.0, 0.0)]))


def cheapest(stops: list[tuple[float, float]], demands: list[int], capacity: int) -> float:
    """The best plan of any number of vehicles, by trying each order and each place to return to the depot."""
    best = math.inf
    for order in permutations(range(len(stops))):
        costs = [0.0] + [math.inf] * len(order)
        for end in range(1, len(order) + 1):
            for start in range(end):
                part = order[start:end]
                if sum(demands[i] for i in part) <= capacity:
                    costs[end] = min(costs[end], costs[start] + length([stops[i] for i in part]))
        best = min(best, costs[-1])
    return best


def measure(ask: Ask) -> list[Measure]:
    random, gaps, faults = np.random.default_rng(0), [], 0
    for _ in range(3):
        stops = [(float(x), float(y)) for x, y in random.integers(-10, 11, (6, 2))]
        demands = [int(d) for d in random.integers(1, 5, 6)]
        asked = {
            "vehicles": 6,
            "capacity": 8,
            "stops": [{"x": x, "y": y, "demand": d} for (x, y), d in zip(stops, demands, strict=True)],
        }
        found = ask(problem=asked, parameters={"effort": "thorough"}).output
        gaps.append(found["distance"] / cheapest(stops, demands, 8) - 1)
        faults += len(found["unserved"]) + sum(route["load"] > 8 for route in found["routes"])
    ring = [{"x": 100 * math.cos(a), "y": 100 * math.sin(a)} for a in np.linspace(0, 2 * math.pi, 25)[:-1]]
    tour = ask(problem={"vehicles": 1, "capacity": 100, "depot": [100, 0], "stops": ring[1:]}).output["distance"]
    best = 24 * 2 * 100 * math.sin(math.pi / 24)
    return [
        Measure(
            "gap to the optimum, small problems",
            100 * max(gaps),
            "% at most",
            at_most=2,
            data="three random problems of six stops, thorough",
            method="all plans tried",
        ),
        Measure(
            "gap to the optimum, ring", 100 * (tour / best - 1), "%", data="24 stops on a circle, quick", at_most=3
        ),
        Measure("overloads and stops left out", faults, data="the random problems", at_most=0),
    ]
