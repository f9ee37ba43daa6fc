"""One-dimensional bin packing: best fit decreasing as a start, then CP-SAT to the lower bound."""

from __future__ import annotations

from ortools.sat.python import cp_model

from model_registry.catalog_kit import InvalidInput, Request, Result


def best_fit(sizes: list[int], capacity: int) -> list[int]:
    """The bin of each item, largest items first, each into the fullest bin that takes it."""
    left: list[int] = []
    bins = [0] * len(sizes)
    for i in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        fitting = [b for b, room in enumerate(left) if room >= sizes[i]]
        if not fitting:
            left.append(capacity)
            fitting = [len(left) - 1]
        bins[i] = min(fitting, key=lambda b: left[b])
        left[bins[i]] -= sizes[i]
    return bins


def run(request: Request) -> Result:
    items, capacity = request.input["problem"]["items"], request.input["problem"]["capacity"]
    sizes = [i["size"] for i in items]
    if max(sizes) > capacity:
        raise InvalidInput("an item is larger than a bin", field="problem/items")
    bins = best_fit(sizes, capacity)
    bound = -(-sum(sizes) // capacity)
    if (count := max(bins) + 1) > bound:
        model = cp_model.CpModel()
        put = [[model.new_bool_var("") for _ in range(count)] for _ in items]
        used = [model.new_bool_var("") for _ in range(count)]
        for row in put:
            model.add_exactly_one(row)
        for b in range(count):
            model.add(sum(s * put[i][b] for i, s in enumerate(sizes)) <= capacity * used[b])
            if b:
                model.add(used[b] <= used[b - 1])
        for i, row in enumerate(put):
            for b, chosen in enumerate(row):
                model.add_hint(chosen, bins[i] == b)
        model.minimize(sum(used))
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds, solver.parameters.num_workers, solver.parameters.random_seed = 4.0, 1, 0
        if solver.solve(model) in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            bins = [next(b for b in range(count) if solver.value(row[b])) for row in put]
            bound = max(bound, round(solver.best_objective_bound))
    # Numbered by their first item, so that one packing has one answer.
    order = {b: n for n, b in enumerate(dict.fromkeys(bins), 1)}
    loads: dict[str, int] = {}
    packed = []
    for item, b in zip(items, bins, strict=True):
        name = f"bin {order[b]}"
        loads[name] = loads.get(name, 0) + item["size"]
        packed.append({"name": item["name"], "resource": name, "value": item["size"]})
    return Result({"status": "optimal" if len(order) == bound else "feasible", "objective": len(order),
                   "items": packed, "summary": {"loads": loads, "lower_bound": bound}})
