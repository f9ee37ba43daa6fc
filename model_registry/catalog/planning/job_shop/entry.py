"""Job shop by CP-SAT: steps in order, no overlap on a machine, least makespan."""

from __future__ import annotations

from typing import Any

from ortools.sat.python import cp_model

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    jobs = request.input["problem"]["jobs"]
    horizon = sum(step["duration"] for job in jobs for step in job["steps"])
    model = cp_model.CpModel()
    machines: dict[str, list[Any]] = {}
    placed = []
    makespan = model.new_int_var(0, horizon, "makespan")
    for job in jobs:
        end: Any = 0
        for number, step in enumerate(job["steps"], 1):
            start = model.new_int_var(0, horizon, "")
            interval = model.new_fixed_size_interval_var(start, step["duration"], "")
            machines.setdefault(step["machine"], []).append(interval)
            model.add(start >= end)
            end = start + step["duration"]
            placed.append((job["name"], number, step, start))
        model.add(makespan >= end)
    for intervals in machines.values():
        model.add_no_overlap(intervals)
    model.minimize(makespan)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds, solver.parameters.num_workers, solver.parameters.random_seed = 5.0, 1, 0
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise InvalidInput("no schedule was found in time", field="problem")
    items = [{"name": f"{name} {number}", "resource": step["machine"], "start": solver.value(start),
              "end": solver.value(start) + step["duration"]} for name, number, step, start in placed]
    busy = {m: sum(s["duration"] for _, _, s, _ in placed if s["machine"] == m) for m in machines}
    return Result({"status": solver.status_name(status).lower(), "objective": solver.value(makespan), "items": items,
                   "summary": {"bound": solver.best_objective_bound, "busy": busy}})
