"""Resource-constrained project scheduling by CP-SAT: precedences, cumulative resources, least makespan."""

from __future__ import annotations

from ortools.sat.python import cp_model

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    problem = request.input["problem"]
    tasks, resources = problem["tasks"], problem.get("resources", {})
    names = [t["name"] for t in tasks]
    if len(set(names)) != len(names):
        raise InvalidInput("two tasks have one name", field="problem/tasks")
    horizon = sum(t["duration"] for t in tasks)
    model = cp_model.CpModel()
    starts = {n: model.new_int_var(0, horizon, n) for n in names}
    spans = {t["name"]: model.new_fixed_size_interval_var(starts[t["name"]], t["duration"], "") for t in tasks}
    durations = {t["name"]: t["duration"] for t in tasks}
    makespan = model.new_int_var(0, horizon, "makespan")
    for i, task in enumerate(tasks):
        for before in task.get("after", []):
            if before not in starts:
                raise InvalidInput(f"{before} is not a task", field=f"/input/problem/tasks/{i}/after")
            model.add(starts[task["name"]] >= starts[before] + durations[before])
        for resource, amount in task.get("needs", {}).items():
            if amount > resources.get(resource, 0):
                raise InvalidInput(f"{task['name']} needs more {resource} than there is",
                                   field=f"/input/problem/tasks/{i}/needs")
        model.add(makespan >= starts[task["name"]] + task["duration"])
    for resource, capacity in resources.items():
        users = [t for t in tasks if t.get("needs", {}).get(resource)]
        model.add_cumulative([spans[t["name"]] for t in users], [t["needs"][resource] for t in users], capacity)
    # Soonest end first, then each task as early as it can: the same plan each time.
    model.minimize(makespan * (horizon * len(tasks) + 1) + sum(starts.values()))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds, solver.parameters.num_workers, solver.parameters.random_seed = 5.0, 1, 0
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        raise InvalidInput("no schedule exists: the precedences go round in a circle", field="problem/tasks")
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise InvalidInput("no schedule was found in time", field="problem")
    items = [{"name": n, "start": solver.value(starts[n]), "end": solver.value(starts[n]) + durations[n]}
             for n in names]
    return Result({"status": solver.status_name(status).lower(), "objective": solver.value(makespan),
                   "items": sorted(items, key=lambda i: (i["start"], i["name"]))})
