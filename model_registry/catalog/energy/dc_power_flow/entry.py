"""DC optimal power flow as a linear program; nodal prices are the duals of the balances."""

from __future__ import annotations

from ortools.linear_solver import pywraplp

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    problem = request.input["problem"]
    buses, lines, generators = problem["buses"], problem["lines"], problem["generators"]
    index = {b["name"]: i for i, b in enumerate(buses)}
    if len(index) != len(buses):
        raise InvalidInput("two buses have one name", field="problem/buses")
    for part, ends in (("lines", ("from", "to")), ("generators", ("bus",))):
        for i, item in enumerate(problem[part]):
            for end in ends:
                if item[end] not in index:
                    raise InvalidInput(f"{item[end]} is not a bus", field=f"/input/problem/{part}/{i}/{end}")
    solver = pywraplp.Solver.CreateSolver("GLOP")
    infinity = solver.infinity()
    angle = [solver.NumVar(0 if i == 0 else -infinity, 0 if i == 0 else infinity, "") for i in range(len(buses))]
    for i, g in enumerate(generators):
        if g.get("min", 0) > g["max"]:
            raise InvalidInput("min is above max", field=f"/input/problem/generators/{i}")
    output = [solver.NumVar(g.get("min", 0), g["max"], "") for g in generators]
    flows = [(angle[index[ln["from"]]] - angle[index[ln["to"]]]) / ln["reactance"] for ln in lines]
    for line, flow in zip(lines, flows, strict=True):
        if "limit" in line:
            solver.Add(flow <= line["limit"])
            solver.Add(flow >= -line["limit"])
    balances = []
    for name, i in index.items():
        made = sum(o for o, g in zip(output, generators, strict=True) if g["bus"] == name)
        gone = sum(
            (f if ln["from"] == name else -f)
            for f, ln in zip(flows, lines, strict=True)
            if name in (ln["from"], ln["to"])
        )
        # made − outflow = load: one more megawatt of load raises the right side, so its dual is the price.
        balances.append(
            solver.Add(made - gone == buses[i].get("load", 0.0)) if not isinstance(made - gone, int) else None
        )
    solver.Minimize(sum(g["cost"] * o for g, o in zip(generators, output, strict=True)))
    status = solver.Solve()
    if status != pywraplp.Solver.OPTIMAL:
        raise InvalidInput("the load can't be met within these limits", field="problem")
    rows = [
        {
            "bus": b["name"],
            "load": b.get("load", 0.0),
            "generation": round(
                sum(o.solution_value() for o, g in zip(output, generators, strict=True) if g["bus"] == b["name"]), 6
            ),
            "price": round(balances[i].dual_value(), 6) if balances[i] is not None else None,
        }
        for i, b in enumerate(buses)
    ]
    moved = [
        {
            "line": f"{ln['from']} → {ln['to']}",
            "flow": round(
                (angle[index[ln["from"]]].solution_value() - angle[index[ln["to"]]].solution_value()) / ln["reactance"],
                6,
            ),
        }
        for ln in lines
    ]
    return Result(
        {
            "columns": ["bus", "load", "generation", "price"],
            "rows": rows,
            "summary": {"cost": round(solver.Objective().Value(), 6), "flows": moved},
        }
    )
