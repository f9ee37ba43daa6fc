"""PageRank, betweenness, closeness and degree (NetworkX)."""

from __future__ import annotations

import networkx as nx

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    given, measure = request.input["graph"], request.parameters["measure"]
    graph = nx.DiGraph() if request.parameters["directed"] else nx.Graph()
    graph.add_nodes_from(given["nodes"])
    for i, (a, b, weight) in enumerate(given["edges"]):
        if weight <= 0:
            raise InvalidInput("weights must be above zero", field=f"/input/graph/edges/{i}")
        graph.add_edge(a, b, weight=weight)
    if measure in ("betweenness", "closeness") and graph.number_of_nodes() * graph.number_of_edges() > 4_000_000:
        raise InvalidInput("too large for this measure: nodes × edges must stay below 4 million", field="graph")
    if measure == "pagerank":
        scores = nx.pagerank(graph, alpha=request.parameters["damping"], tol=1e-10, max_iter=500)
    elif measure == "betweenness":
        scores = nx.betweenness_centrality(graph)
    elif measure == "closeness":
        scores = nx.closeness_centrality(graph)
    else:
        scores = nx.degree_centrality(graph) if len(graph) > 1 else dict.fromkeys(graph, 0.0)
    ranked = sorted(given["nodes"], key=lambda n: -scores[n])
    return Result({"nodes": [{"id": n, "score": round(scores[n], 9)} for n in ranked],
                   "edges": [{"source": a, "target": b, "weight": w} for a, b, w in graph.edges(data="weight")],
                   "summary": {"measure": measure, "first": ranked[0]}})
