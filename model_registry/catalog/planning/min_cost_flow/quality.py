"""Transport problems solved again as linear programs."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    worst = 0.0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        cost = rng.integers(1, 30, (4, 5))
        demand = rng.integers(1, 20, 5)
        supply = np.array([*rng.multinomial(int(demand.sum()), [0.25] * 4)])
        rows = [np.kron(np.eye(4)[i], np.ones(5)) for i in range(4)] + [
            np.kron(np.ones(4), np.eye(5)[j]) for j in range(5)
        ]
        truth = linprog(cost.ravel(), A_eq=np.array(rows), b_eq=[*supply, *demand], method="highs").fun
        nodes = [{"name": f"s{i}", "supply": int(s)} for i, s in enumerate(supply)]
        nodes += [{"name": f"d{j}", "supply": -int(d)} for j, d in enumerate(demand)]
        arcs = [
            {"from": f"s{i}", "to": f"d{j}", "capacity": 10**6, "cost": int(cost[i, j])}
            for i in range(4)
            for j in range(5)
        ]
        worst = max(worst, abs(ask(problem={"nodes": nodes, "arcs": arcs}).output["objective"] - truth))
    return [
        Measure("difference from a linear program", worst, "", data="6 transport problems, scipy HiGHS", at_most=1e-6)
    ]
