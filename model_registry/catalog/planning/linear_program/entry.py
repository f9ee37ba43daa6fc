"""A linear program (GLOP) or, with whole-number variables, a mixed-integer one (SCIP)."""

from __future__ import annotations

from ortools.linear_solver import pywraplp

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    problem = request.input["problem"]
    variables, constraints = problem["variables"], problem.get("constraints", [])
    whole = any(v.get("integer") for v in variables)
    solver = pywraplp.Solver.CreateSolver("SCIP" if whole else "GLOP")
    solver.SetTimeLimit(6000)
    infinity = solver.infinity()
    x = {}
    for i, v in enumerate(variables):
        lower, upper = v.get("lower", 0.0), v.get("upper", infinity)
        if v["name"] in x or lower > upper:
            raise InvalidInput(
                "named twice, or its lower bound is above the upper one", field=f"/input/problem/variables/{i}"
            )
        x[v["name"]] = (solver.IntVar if v.get("integer") else solver.NumVar)(lower, upper, v["name"])

    def total(terms: dict[str, float], at: str) -> object:
        if unknown := set(terms) - set(x):
            raise InvalidInput(f"{min(unknown)} is not a variable", field=at)
        return sum(c * x[n] for n, c in terms.items())

    rows = []
    for i, c in enumerate(constraints):
        expression = total(c["terms"], f"/input/problem/constraints/{i}")
        if c.get("lower", -infinity) > c.get("upper", infinity):
            raise InvalidInput("lower is above upper", field=f"/input/problem/constraints/{i}")
        rows.append(
            solver.Add(pywraplp.LinearConstraint(expression, c.get("lower", -infinity), c.get("upper", infinity)))
        )
    goal = total(problem["objective"], "/input/problem/objective")
    (solver.Maximize if request.parameters["sense"] == "maximise" else solver.Minimize)(goal)
    status = solver.Solve()
    if status in (pywraplp.Solver.INFEASIBLE, pywraplp.Solver.UNBOUNDED, pywraplp.Solver.ABNORMAL):
        word = {pywraplp.Solver.INFEASIBLE: "infeasible", pywraplp.Solver.UNBOUNDED: "unbounded"}.get(
            status, "abnormal"
        )
        return Result({"status": word, "objective": None, "items": []})
    if status not in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE):
        raise InvalidInput("no solution was found in time", field="problem")
    items = [
        {
            "name": n,
            "value": round(v.solution_value(), 9),
            **({} if whole else {"reduced_cost": round(v.reduced_cost(), 9) + 0.0}),
        }
        for n, v in x.items()
    ]
    summary = (
        {}
        if whole
        else {
            "duals": {
                c.get("name", f"constraint {i}"): round(r.dual_value(), 9)
                for i, (c, r) in enumerate(zip(constraints, rows, strict=True))
            }
        }
    )
    return Result(
        {
            "status": "optimal" if status == pywraplp.Solver.OPTIMAL else "feasible",
            "objective": round(solver.Objective().Value(), 9),
            "items": items,
            "summary": summary,
        }
    )
