"""Gilmore and Gomory's column generation: patterns priced by a knapsack, then whole bars by SCIP."""

from __future__ import annotations

import math

from ortools.linear_solver import pywraplp

from model_registry.catalog_kit import InvalidInput, Request, Result

ROUNDS = 400
MOST_PATTERNS = 400  # up to here all patterns go to the whole-number program, which is then exact


def best_pattern(values: list[float], lengths: list[int], limits: list[int], stock: int) -> list[int]:
    """The most valuable way to cut one bar; each length at most as often as it is ordered."""
    solver = pywraplp.Solver.CreateSolver("SAT")
    solver.SetTimeLimit(1000)
    counts = [solver.IntVar(0, min(limit, stock // length), "")
              for length, limit in zip(lengths, limits, strict=True)]
    solver.Add(sum(n * c for n, c in zip(lengths, counts, strict=True)) <= stock)
    solver.Maximize(sum(v * c for v, c in zip(values, counts, strict=True)))
    if solver.Solve() not in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE):
        return [0] * len(lengths)
    return [round(c.solution_value()) for c in counts]


def all_patterns(lengths: list[int], limits: list[int], stock: int) -> list[list[int]] | None:
    """Every way to cut a bar that leaves no room for a further piece; None where there are too many."""
    found: list[list[int]] = []
    tried = 0

    def fill(i: int, room: int, counts: list[int]) -> bool:
        nonlocal tried
        tried += 1
        if tried > 50 * MOST_PATTERNS or len(found) > MOST_PATTERNS:
            return False
        if i == len(lengths):
            if all(room < n or c == limit for n, c, limit in zip(lengths, counts, limits, strict=True)):
                found.append(counts)
            return True
        return all(fill(i + 1, room - k * lengths[i], [*counts, k])
                   for k in range(min(limits[i], room // lengths[i]), -1, -1))

    return found if fill(0, stock, []) and len(found) <= MOST_PATTERNS else None


def solve(patterns: list[list[int]], counts: list[int], whole: bool) -> tuple[list[float], list[float], float]:
    """Bars of each pattern, the duals (where not whole) and the objective."""
    solver = pywraplp.Solver.CreateSolver("SCIP" if whole else "GLOP")
    solver.SetTimeLimit(3000)
    upper = solver.infinity()
    bars = [solver.IntVar(0, upper, "") if whole else solver.NumVar(0, upper, "") for _ in patterns]
    rows = [solver.Add(sum(p[i] * b for p, b in zip(patterns, bars, strict=True)) >= need)
            for i, need in enumerate(counts)]
    solver.Minimize(sum(bars))
    if solver.Solve() not in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE):
        raise InvalidInput("no cutting plan was found in time", field="problem")
    return ([b.solution_value() for b in bars], [] if whole else [r.dual_value() for r in rows],
            solver.Objective().Value())


def run(request: Request) -> Result:
    stock, orders = request.input["problem"]["stock"], request.input["problem"]["orders"]
    lengths, counts = [o["length"] for o in orders], [o["count"] for o in orders]
    if max(lengths) > stock:
        raise InvalidInput("an order is longer than the stock", field="problem/orders")
    if len(set(lengths)) != len(lengths):
        raise InvalidInput("a length is ordered twice", field="problem/orders")
    every = all_patterns(lengths, counts, stock) if len(lengths) <= 12 else None
    patterns = every or [[min(stock // n, counts[i]) if i == j else 0 for j in range(len(lengths))]
                         for i, n in enumerate(lengths)]
    for _ in range(ROUNDS):
        _, duals, bound = solve(patterns, counts, whole=False)
        pattern = best_pattern(duals, lengths, counts, stock)
        if sum(d * c for d, c in zip(duals, pattern, strict=True)) <= 1 + 1e-6 or pattern in patterns:
            break
        patterns.append(pattern)
    bars, _, total = solve(patterns, counts, whole=True)
    items = [{"name": " + ".join(f"{c} × {n}" for n, c in zip(lengths, p, strict=True) if c), "value": round(b),
              "waste": stock - sum(n * c for n, c in zip(lengths, p, strict=True))}
             for p, b in zip(patterns, bars, strict=True) if round(b)]
    least = math.ceil(bound - 1e-6)
    return Result({"status": "optimal" if round(total) == least else "feasible", "objective": round(total),
                   "items": items, "summary": {"lower_bound": round(bound, 6), "bars": round(total),
                                               "used": sum(n * c for n, c in zip(lengths, counts, strict=True))}})
