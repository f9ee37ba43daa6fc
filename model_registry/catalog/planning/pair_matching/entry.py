"""Maximum-weight matching in a general graph by Edmonds' blossoms (NetworkX)."""

from __future__ import annotations

import networkx as nx

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    given = request.input["graph"]
    graph = nx.Graph()
    graph.add_nodes_from(given["nodes"])
    for a, b, weight in given["edges"]:
        if a != b and weight > graph.get_edge_data(a, b, {"weight": float("-inf")})["weight"]:
            graph.add_edge(a, b, weight=weight)
    if graph.number_of_nodes() > 400:
        raise InvalidInput("at most 400 members are accepted", field="graph")
    pairs = nx.max_weight_matching(graph, maxcardinality=request.parameters["pair_all"])
    chosen = sorted(tuple(sorted(p)) for p in pairs)
    paired = {n for p in chosen for n in p}
    return Result({"nodes": [{"id": n, "score": 1.0 if n in paired else 0.0} for n in given["nodes"]],
                   "edges": [{"source": a, "target": b, "weight": graph[a][b]["weight"]} for a, b in chosen],
                   "summary": {"weight": round(sum(graph[a][b]["weight"] for a, b in chosen), 9), "pairs": len(chosen),
                               "alone": [n for n in given["nodes"] if n not in paired]}})
