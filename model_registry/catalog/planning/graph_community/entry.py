"""Louvain communities and their modularity (NetworkX)."""

from __future__ import annotations

import networkx as nx

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    given = request.input["graph"]
    graph = nx.Graph()
    graph.add_nodes_from(given["nodes"])
    for i, (a, b, weight) in enumerate(given["edges"]):
        if weight < 0:
            raise InvalidInput("weights must be zero or more", field=f"/input/graph/edges/{i}")
        graph.add_edge(a, b, weight=weight + graph.get_edge_data(a, b, {"weight": 0.0})["weight"])
    if not graph.size(weight="weight"):
        raise InvalidInput("the graph has no edge with a weight", field="graph")
    resolution = request.parameters["resolution"]
    groups = nx.community.louvain_communities(graph, weight="weight", resolution=resolution, seed=1)
    order = {n: i for i, n in enumerate(given["nodes"])}
    groups = sorted((sorted(g, key=order.__getitem__) for g in groups), key=lambda g: (-len(g), order[g[0]]))
    of = {n: i for i, g in enumerate(groups, 1) for n in g}
    return Result({
        "nodes": [{"id": n, "group": of[n], "score": float(graph.degree(n, weight="weight"))} for n in given["nodes"]],
        "edges": [{"source": a, "target": b, "weight": w} for a, b, w in graph.edges(data="weight")],
        "summary": {"groups": len(groups), "sizes": [len(g) for g in groups],
                    "modularity": round(nx.community.modularity(graph, groups, weight="weight",
                                                                resolution=resolution), 6)}})
