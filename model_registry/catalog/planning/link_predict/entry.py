"""Adamic–Adar, resource allocation or Jaccard over the pairs two steps apart."""

from __future__ import annotations

import networkx as nx

from model_registry.catalog_kit import InvalidInput, Request, Result

SCORES = {"adamic-adar": nx.adamic_adar_index, "resource-allocation": nx.resource_allocation_index,
          "jaccard": nx.jaccard_coefficient}


def run(request: Request) -> Result:
    given = request.input["graph"]
    graph = nx.Graph()
    graph.add_nodes_from(given["nodes"])
    graph.add_edges_from((a, b) for a, b, _ in given["edges"] if a != b)
    order = {n: i for i, n in enumerate(given["nodes"])}
    pairs = set()
    for middle in graph:
        near = sorted(graph[middle], key=order.__getitem__)
        pairs |= {(a, b) for i, a in enumerate(near) for b in near[i + 1:] if not graph.has_edge(a, b)}
        if len(pairs) > 500_000:
            raise InvalidInput("too many candidate pairs: above 500,000", field="graph")
    scored = SCORES[request.parameters["score"]](graph, sorted(pairs, key=lambda p: (order[p[0]], order[p[1]])))
    # Rounded first: the last bit depends on the order in which a set of neighbours was summed, and breaks ties.
    best = sorted(((a, b, round(s, 6)) for a, b, s in scored), key=lambda t: -t[2])[: request.parameters["top"]]
    named = {n for a, b, _ in best for n in (a, b)}
    return Result({"nodes": [{"id": n} for n in given["nodes"] if n in named],
                   "edges": [{"source": a, "target": b, "score": s} for a, b, s in best],
                   "summary": {"candidates": len(pairs)}})
