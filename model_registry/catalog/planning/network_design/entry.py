"""Minimum spanning tree, bridges and cut points of a network (NetworkX)."""

from __future__ import annotations

import networkx as nx

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    given = request.input["graph"]
    graph = nx.Graph()
    graph.add_nodes_from(given["nodes"])
    for a, b, weight in given["edges"]:
        if a != b and weight < graph.get_edge_data(a, b, {"weight": float("inf")})["weight"]:
            graph.add_edge(a, b, weight=weight)
    parts = nx.number_connected_components(graph)
    if not graph.number_of_edges():
        raise InvalidInput("the graph has no edge between two nodes", field="graph")
    tree = nx.minimum_spanning_tree(graph)
    cut = set(nx.articulation_points(graph))
    bridges = {frozenset(e) for e in nx.bridges(graph)}
    return Result({"nodes": [{"id": n, "score": float(n in cut)} for n in given["nodes"]],
                   "edges": [{"source": a, "target": b, "weight": w, "score": float(frozenset((a, b)) in bridges)}
                             for a, b, w in tree.edges(data="weight")],
                   "summary": {"length": round(tree.size(weight="weight"), 9), "parts": parts,
                               "cut_points": [n for n in given["nodes"] if n in cut],
                               "bridges": sorted(sorted(b) for b in bridges)}},
                  warnings=[f"the network falls into {parts} parts that no edge joins"] if parts > 1 else [])
