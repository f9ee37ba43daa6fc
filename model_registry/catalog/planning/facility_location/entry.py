"""Capacitated facility location with single sourcing, as a mixed-integer program."""

from __future__ import annotations

from ortools.linear_solver import pywraplp

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    problem = request.input["problem"]
    sites, customers, costs = problem["sites"], problem["customers"], problem["costs"]
    if len(costs) != len(sites) or any(len(row) != len(customers) for row in costs):
        raise InvalidInput("costs needs a row per site and a column per customer", field="problem/costs")
    solver = pywraplp.Solver.CreateSolver("SCIP")
    solver.SetTimeLimit(6000)
    opened = [solver.BoolVar("") for _ in sites]
    serves = [[solver.BoolVar("") for _ in customers] for _ in sites]
    for j in range(len(customers)):
        solver.Add(sum(row[j] for row in serves) == 1)
    for site, is_open, row in zip(sites, opened, serves, strict=True):
        for chosen in row:
            solver.Add(chosen <= is_open)
        if "capacity" in site:
            solver.Add(sum(c.get("demand", 1) * x for c, x in zip(customers, row, strict=True))
                       <= site["capacity"] * is_open)
    solver.Minimize(sum(s["fixed"] * o for s, o in zip(sites, opened, strict=True))
                    + sum(costs[i][j] * serves[i][j] for i in range(len(sites)) for j in range(len(customers))))
    status = solver.Solve()
    if status == pywraplp.Solver.INFEASIBLE:
        raise InvalidInput("the sites' capacity does not serve all customers", field="problem/sites")
    if status not in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE):
        raise InvalidInput("no plan was found in time", field="problem")
    items = [{"name": customers[j]["name"], "resource": sites[i]["name"], "value": costs[i][j]}
             for j in range(len(customers)) for i in range(len(sites)) if serves[i][j].solution_value() > 0.5]
    return Result({"status": "optimal" if status == pywraplp.Solver.OPTIMAL else "feasible",
                   "objective": round(solver.Objective().Value(), 6), "items": items,
                   "summary": {"open": [s["name"] for s, o in zip(sites, opened, strict=True)
                                        if o.solution_value() > 0.5],
                               "lower_bound": round(solver.Objective().BestBound(), 6)}})
