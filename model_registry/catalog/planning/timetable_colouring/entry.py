"""Fewest slots for events in conflict: DSATUR as a start, a clique as the bound, CP-SAT between."""

from __future__ import annotations

import networkx as nx
from ortools.sat.python import cp_model

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    given = request.input["graph"]
    place = {n: i for i, n in enumerate(given["nodes"])}  # numbers: a set of strings has another order in every process
    graph = nx.Graph()
    graph.add_nodes_from(place.values())
    graph.add_edges_from((place[a], place[b]) for a, b, _ in given["edges"] if a != b)
    if graph.number_of_nodes() > 200:
        raise InvalidInput("at most 200 events are accepted", field="graph")
    slots = nx.greedy_color(graph, "saturation_largest_first")
    count = max(slots.values()) + 1
    clique = max(nx.find_cliques(graph), key=len) if graph.number_of_nodes() <= 60 else [next(iter(graph))]
    bound = len(clique)
    if count > bound:
        model = cp_model.CpModel()
        at = {n: model.new_int_var(0, count - 1, f"event {n}") for n in graph}
        last = model.new_int_var(bound - 1, count - 1, "last")
        for n in graph:
            model.add(at[n] <= last)
            model.add_hint(at[n], slots[n])
        for a, b in graph.edges:
            model.add(at[a] != at[b])
        for i, n in enumerate(clique):  # the clique's slots may be fixed: slots have no names yet
            model.add(at[n] == i)
        model.minimize(last)
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds, solver.parameters.num_workers, solver.parameters.random_seed = 4.0, 1, 0
        if solver.solve(model) in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            slots = {n: solver.value(v) for n, v in at.items()}
            bound = max(bound, round(solver.best_objective_bound) + 1)
    order: dict[int, int] = {}
    for n in graph:
        order.setdefault(slots[n], len(order) + 1)
    names = given["nodes"]
    return Result({"nodes": [{"id": names[n], "group": order[slots[n]]} for n in graph],
                   "edges": [{"source": names[a], "target": names[b]} for a, b in graph.edges],
                   "summary": {"slots": len(order), "lower_bound": bound, "proven": len(order) == bound}})
