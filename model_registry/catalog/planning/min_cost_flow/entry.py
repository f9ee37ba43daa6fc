"""Minimum-cost flow by cost scaling (OR-tools), exact in whole numbers."""

from __future__ import annotations

from ortools.graph.python import min_cost_flow

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    nodes, arcs = request.input["problem"]["nodes"], request.input["problem"]["arcs"]
    index = {n["name"]: i for i, n in enumerate(nodes)}
    if len(index) != len(nodes):
        raise InvalidInput("two nodes have one name", field="problem/nodes")
    if sum(n["supply"] for n in nodes):
        raise InvalidInput("supplies must add up to zero; demand is negative supply", field="problem/nodes")
    solver = min_cost_flow.SimpleMinCostFlow()
    for i, arc in enumerate(arcs):
        for end in ("from", "to"):
            if arc[end] not in index:
                raise InvalidInput(f"{arc[end]} is not a node", field=f"/input/problem/arcs/{i}/{end}")
        solver.add_arc_with_capacity_and_unit_cost(index[arc["from"]], index[arc["to"]], arc["capacity"], arc["cost"])
    for node in nodes:
        solver.set_node_supply(index[node["name"]], node["supply"])
    if solver.solve() != solver.OPTIMAL:
        raise InvalidInput("the capacities do not carry the supply to the demand", field="problem/arcs")
    items = [{"name": f"{arc['from']} → {arc['to']}", "value": solver.flow(i), "cost": solver.flow(i) * arc["cost"],
              "full": solver.flow(i) == arc["capacity"]} for i, arc in enumerate(arcs) if solver.flow(i)]
    return Result({"status": "optimal", "objective": solver.optimal_cost(), "items": items})
