"""Forward and backward pass over a project's tasks."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    listed = request.input["problem"]["tasks"]
    tasks = {t["name"]: t for t in listed}
    if len(tasks) != len(listed):
        raise InvalidInput("each task needs its own name", field="problem/tasks")
    for i, task in enumerate(listed):
        for name in task.get("after", []):
            if name not in tasks:
                raise InvalidInput(f"{name} is not a task", field=f"problem/tasks/{i}/after")
    try:
        order = list(TopologicalSorter({n: t.get("after", []) for n, t in tasks.items()}).static_order())
    except CycleError as error:
        ring = " → ".join(error.args[1])
        raise InvalidInput(f"the tasks wait for each other: {ring}", field="problem/tasks") from None
    end: dict[str, float] = {}
    for name in order:
        end[name] = max((end[a] for a in tasks[name].get("after", [])), default=0.0) + tasks[name]["duration"]
    total = max(end.values())
    latest = dict.fromkeys(tasks, total)
    for name in reversed(order):
        for before in tasks[name].get("after", []):
            latest[before] = min(latest[before], latest[name] - tasks[name]["duration"])
    items = [{"name": n, "start": round(end[n] - t["duration"], 6), "end": round(end[n], 6),
              "slack": round(latest[n] - end[n], 6), "critical": abs(latest[n] - end[n]) < 1e-9 * max(1.0, total)}
             for n, t in tasks.items()]
    critical = [n for n in order if abs(latest[n] - end[n]) < 1e-9 * max(1.0, total)]
    return Result({"status": "optimal", "objective": round(total, 6), "items": items,
                   "summary": {"critical": critical}})
