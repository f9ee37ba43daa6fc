"""Unit commitment as a mixed-integer program."""

from __future__ import annotations

from ortools.linear_solver import pywraplp

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    problem = request.input["problem"]
    units, load, reserve = problem["units"], problem["load"], problem.get("reserve", 0.0)
    for i, unit in enumerate(units):
        if unit["min"] > unit["max"]:
            raise InvalidInput("min is above max", field=f"/input/problem/units/{i}")
    solver = pywraplp.Solver.CreateSolver("SCIP")
    solver.SetTimeLimit(8000)
    hours = range(len(load))
    on = [[solver.BoolVar("") for _ in hours] for _ in units]
    start = [[solver.BoolVar("") for _ in hours] for _ in units]
    power = [[solver.NumVar(0, u["max"], "") for _ in hours] for u in units]
    cost = []
    for u, unit in enumerate(units):
        for t in hours:
            solver.Add(power[u][t] <= unit["max"] * on[u][t])
            solver.Add(power[u][t] >= unit["min"] * on[u][t])
            before = on[u][t - 1] if t else 0
            solver.Add(start[u][t] >= on[u][t] - before)
            if t and "ramp" in unit:
                # A unit may start at, and stop from, its minimum.
                free = max(unit["ramp"], unit["min"])
                solver.Add(power[u][t] - power[u][t - 1] <= unit["ramp"] * on[u][t - 1] + free * start[u][t])
                solver.Add(power[u][t - 1] - power[u][t] <= unit["ramp"] * on[u][t] + free * (1 - on[u][t]))
            for k in range(t, min(t + unit.get("min_up", 1), len(load))):
                solver.Add(on[u][k] >= start[u][t])
            if t:
                for k in range(t, min(t + unit.get("min_down", 1), len(load))):
                    solver.Add(on[u][k] <= 1 - (on[u][t - 1] - on[u][t]))
            cost.append(
                unit["cost"] * power[u][t] + unit.get("no_load", 0) * on[u][t] + unit.get("start", 0) * start[u][t]
            )
    for t in hours:
        solver.Add(sum(power[u][t] for u in range(len(units))) == load[t])
        solver.Add(sum(units[u]["max"] * on[u][t] for u in range(len(units))) >= load[t] * (1 + reserve))
    solver.Minimize(sum(cost))
    status = solver.Solve()
    if status == pywraplp.Solver.INFEASIBLE:
        raise InvalidInput("the units can't meet this load within their limits", field="problem")
    if status not in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE):
        raise InvalidInput("no plan was found in time", field="problem")
    items = [
        {"name": unit["name"], "start": t, "end": t + 1, "value": round(power[u][t].solution_value(), 6)}
        for u, unit in enumerate(units)
        for t in hours
        if on[u][t].solution_value() > 0.5
    ]
    return Result(
        {
            "status": "optimal" if status == pywraplp.Solver.OPTIMAL else "feasible",
            "objective": round(solver.Objective().Value(), 6),
            "items": items,
            "summary": {
                "lower_bound": round(solver.Objective().BestBound(), 6),
                "starts": round(sum(start[u][t].solution_value() for u in range(len(units)) for t in hours)),
            },
        }
    )
