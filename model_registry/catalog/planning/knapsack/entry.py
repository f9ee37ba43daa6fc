"""The 0/1 (or bounded) knapsack by CP-SAT."""

from __future__ import annotations

from ortools.sat.python import cp_model

from model_registry.catalog_kit import Request, Result


def run(request: Request) -> Result:
    problem = request.input["problem"]
    items = problem["items"]
    model = cp_model.CpModel()
    taken = [model.new_int_var(0, item.get("copies", 1), f"x{i}") for i, item in enumerate(items)]
    model.add(sum(x * item["weight"] for x, item in zip(taken, items, strict=True)) <= problem["capacity"])
    model.maximize(sum(x * item["value"] for x, item in zip(taken, items, strict=True)))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds, solver.parameters.num_workers, solver.parameters.random_seed = 5.0, 1, 0
    status = solver.solve(model)
    counts = [solver.value(x) for x in taken]
    chosen = [{"name": item["name"], "value": item["value"] * n, "weight": item["weight"] * n, "copies": n}
              for item, n in zip(items, counts, strict=True) if n]
    return Result({"status": solver.status_name(status).lower(), "objective": sum(int(c["value"]) for c in chosen),
                   "items": chosen, "summary": {"weight": sum(int(c["weight"]) for c in chosen),
                                                "capacity": problem["capacity"]}})
