"""Directed cycles up to a length, scored by the share of the money that comes back."""

from __future__ import annotations

from itertools import islice

import networkx as nx

from model_registry.catalog_kit import InvalidInput, Request, Result

MOST = 5000


def run(request: Request) -> Result:
    given, share = request.input["graph"], request.parameters["returned"]
    graph = nx.DiGraph()
    for i, (a, b, amount) in enumerate(given["edges"]):
        if amount <= 0:
            raise InvalidInput("an amount must be above zero", field=f"/input/graph/edges/{i}")
        if a != b:
            graph.add_edge(a, b, weight=amount + graph.get_edge_data(a, b, {"weight": 0.0})["weight"])
    rings = []
    cycles = list(islice(nx.simple_cycles(graph, length_bound=request.parameters["longest"]), MOST + 1))
    for cycle in cycles[:MOST]:
        amounts = [graph[a][b]["weight"] for a, b in zip(cycle, [*cycle[1:], cycle[0]], strict=True)]
        if min(amounts) >= share * max(amounts):
            start = min(range(len(cycle)), key=lambda i: cycle[i])
            rings.append({"members": cycle[start:] + cycle[:start], "amount": min(amounts),
                          "returned": round(min(amounts) / max(amounts), 4)})
    rings.sort(key=lambda r: (-r["amount"], r["members"]))
    marked = {n: i for i, r in reversed(list(enumerate(rings, 1))) for n in r["members"]}
    inside = {(a, b) for r in rings for a, b in zip(r["members"], [*r["members"][1:], r["members"][0]], strict=True)}
    return Result({"nodes": [{"id": n, "group": marked.get(n, 0)} for n in given["nodes"]],
                   "edges": [{"source": a, "target": b, "weight": w, "score": float((a, b) in inside)}
                             for a, b, w in graph.edges(data="weight")],
                   "summary": {"rings": rings, "cycles_seen": min(len(cycles), MOST)}},
                  warnings=[f"only the first {MOST} cycles were looked at"] if len(cycles) > MOST else [])
