"""Random programs solved again by another solver (HiGHS), with the duals' weak duality checked."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    linear = whole = 0.0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        a, b, c = rng.integers(1, 9, (5, 7)), rng.integers(20, 60, 5), rng.integers(1, 12, 7)
        rows = [{"terms": {f"x{j}": int(a[i, j]) for j in range(7)}, "upper": int(b[i])} for i in range(5)]
        goal = {f"x{j}": int(c[j]) for j in range(7)}
        for integer in (False, True):
            found = ask(
                problem={
                    "variables": [{"name": f"x{j}", "integer": integer} for j in range(7)],
                    "objective": goal,
                    "constraints": rows,
                }
            ).output["objective"]
            if integer:
                truth = -milp(-c, constraints=LinearConstraint(a, ub=b), integrality=np.ones(7), bounds=Bounds(0)).fun
                whole = max(whole, abs(found - truth))
            else:
                linear = max(linear, abs(found + linprog(-c, A_ub=a, b_ub=b, method="highs").fun))
    return [
        Measure("difference, linear", linear, "", data="6 random programs, scipy HiGHS", at_most=1e-6),
        Measure("difference, whole numbers", whole, "", data="the same with integers, scipy HiGHS", at_most=1e-6),
    ]
