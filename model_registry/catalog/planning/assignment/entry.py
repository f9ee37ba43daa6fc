"""The linear assignment problem (Jonker and Volgenant, scipy)."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    problem = request.input["problem"]
    if len({len(row) for row in problem["costs"]}) != 1:
        raise InvalidInput("all rows of costs must be of one length", field="problem/costs")
    costs = np.array(problem["costs"], np.float64)
    workers = problem.get("workers") or [f"worker {i}" for i in range(costs.shape[0])]
    tasks = problem.get("tasks") or [f"task {i}" for i in range(costs.shape[1])]
    if (len(workers), len(tasks)) != costs.shape:
        raise InvalidInput("costs needs a row per worker and a column per task", field="problem/costs")
    rows, columns = linear_sum_assignment(costs, maximize=request.parameters["maximise"])
    return Result({"status": "optimal", "objective": float(costs[rows, columns].sum()), "items": [
        {"name": tasks[j], "resource": workers[i], "value": float(costs[i, j])}
        for i, j in zip(rows, columns, strict=True)]})
